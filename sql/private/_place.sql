-- Where a new job goes and what it carries: resolves names and defaults (the job's option, else its
-- kind's, else its queue's), checks every option of enqueue, makes queue and kind if they are new.
-- Returns a block without ids, the time (null: now), the queue's idle flag and the job's options.
create or replace function jobs._place(
  kind text, queue text, priority int, run_at timestamptz, delay interval, max_attempts int,
  routing_key text, timeout interval, lease interval, backoff jsonb, headers jsonb,
  out block jobs.ready, out at timestamptz, out options jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _try int := 0;
begin
  loop
    select q.id, k.id, coalesce(k.lease_ms, q.lease_ms, 0), coalesce(k.timeout_ms, q.timeout_ms, 0)
    into block.queue_id, block.kind_id, block.lease_ms, block.timeout_ms
    from jobs.kind k join jobs.queue q on q.name = coalesce(_place.queue, k.queue)
    where k.name = _place.kind;
    exit when found;
    _try := _try + 1;
    if _try > 2 then
      raise exception using
        errcode = '40001',
        message = format('queue or kind of %s was made by a transaction that this one cannot see',
        kind),
        hint = 'Run the transaction again.';
    end if;
    perform jobs._ensure_names(
      array[coalesce(queue, (select k.queue from jobs.kind k
        where k.name = _place.kind), 'default')],
      array[kind]);
  end loop;

  block.priority := 0;
  block.attempt := 0;
  block.claims := 0;
  block.flags := 0;
  block.routing_key := coalesce(routing_key, '');
  if priority <> 0 then
    if priority not between -100 and 100 then
      perform jobs._raise_invalid(format('priority is %s', priority),
        'priority is between -100 and 100; higher runs first, default 0.');
    end if;
    block.priority := priority;
    if not exists (select from jobs.queue_priority p
        where p.queue_id = block.queue_id and p.priority = block.priority) then
      insert into jobs.queue_priority (queue_id, priority) values (block.queue_id, block.priority);
    end if;
  end if;

  if num_nonnulls(run_at, delay, max_attempts, routing_key, timeout, lease, backoff,
    headers) = 0 then
    return;
  end if;
  if run_at is not null and delay is not null then
    perform jobs._raise_invalid('both run_at and delay are given', 'Give one of them.');
  end if;
  if not isfinite(run_at) or delay not between interval '0' and interval '1000 years' then
    perform jobs._raise_invalid(format('the job would run %s',
      coalesce('at ' || run_at, 'in ' || delay)),
      'run_at is finite, delay not negative and at most 1000 years; in the past means now.');
  end if;
  at := coalesce(run_at, jobs.now() + delay);
  if at <= jobs.now() then
    at := null;
  end if;
  if lease is not null then
    block.lease_ms := jobs._milliseconds('lease', lease, 1000);
  end if;
  if timeout is not null then
    block.timeout_ms := jobs._milliseconds('timeout', timeout, 1);
  end if;
  options := nullif(
    jobs._options(at, max_attempts, routing_key,
      case when timeout is not null then block.timeout_ms end,
      case when lease is not null then block.lease_ms end, backoff, headers),
    '{}');
end $$;
