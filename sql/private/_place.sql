-- Where a new job goes and what it carries: resolves names and defaults (the job's option, else its
-- kind's, else its queue's), checks every option of enqueue, makes queue and kind if they are new.
-- Returns a block without ids, the time (null: now), the job's options, and whether the queue has a
-- bound or the kind says what args it takes (_insert_controlled sees to that). An alias stands for
-- its kind.
create or replace function jobs._place(
  spec jobs.job_spec, out block jobs.ready, out at timestamptz, out options jsonb,
  out regulated boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _try int := 0;
  _alias_of text;
begin
  loop
    select q.id, k.id, coalesce(k.lease_ms, q.lease_ms, 0), coalesce(k.timeout_ms, q.timeout_ms, 0),
      k.alias_of, num_nonnulls(q.max_pending, k.required_args, k.arg_types) > 0
    into block.queue_id, block.kind_id, block.lease_ms, block.timeout_ms, _alias_of, regulated
    from jobs.kind k join jobs.queue q on q.name = coalesce(spec.queue, k.queue)
    where k.name = spec.kind;
    exit when found and _alias_of is null;
    _try := _try + 1;
    if _alias_of is not null then
      spec.kind := _alias_of;
      continue;
    end if;
    if _try > 2 then
      raise exception using
        errcode = '40001',
        message = format(
          'queue or kind of %s was made by a transaction that this one cannot see', spec.kind),
        hint = 'Run the transaction again.';
    end if;
    perform jobs._check_kind(spec.kind, spec.queue);
    perform jobs._ensure_names(
      array[coalesce(spec.queue, (select k.queue from jobs.kind k
        where k.name = spec.kind), 'default')],
      array[spec.kind]);
  end loop;

  block.priority := 0;
  block.attempt := 0;
  block.claims := 0;
  block.routing_key := coalesce(spec.routing_key, '');
  if spec.priority <> 0 then
    if spec.priority not between -100 and 100 then
      perform jobs._raise_invalid(format('priority is %s', spec.priority),
        'priority is between -100 and 100; higher runs first, default 0.');
    end if;
    block.priority := spec.priority;
    if not exists (select from jobs.queue_priority p
        where p.queue_id = block.queue_id and p.priority = block.priority) then
      insert into jobs.queue_priority (queue_id, priority)
      values (block.queue_id, block.priority);
    end if;
  end if;

  if num_nonnulls(spec.run_at, spec.delay, spec.max_attempts, spec.routing_key, spec.timeout,
      spec.lease, spec.backoff, spec.headers) = 0 and not jobs._is_controlled(spec) then
    block.flags := 0;
    return;
  end if;
  if spec.run_at is not null and spec.delay is not null then
    perform jobs._raise_invalid('both run_at and delay are given', 'Give one of them.');
  end if;
  if not isfinite(spec.run_at)
    or spec.delay not between interval '0' and interval '1000 years' then
    perform jobs._raise_invalid(format('the job would run %s',
      coalesce('at ' || spec.run_at, 'in ' || spec.delay)),
      'run_at is finite, delay not negative and at most 1000 years; in the past means now.');
  end if;
  at := coalesce(spec.run_at, jobs.now() + spec.delay);
  if at <= jobs.now() then
    at := null;
  end if;
  if spec.lease is not null then
    block.lease_ms := jobs._milliseconds('lease', spec.lease, 1000);
  end if;
  if spec.timeout is not null then
    block.timeout_ms := jobs._milliseconds('timeout', spec.timeout, 1);
  end if;
  options := nullif(
    jobs._options(at, spec.max_attempts, spec.routing_key,
      case when spec.timeout is not null then block.timeout_ms end,
      case when spec.lease is not null then block.lease_ms end, spec.backoff, spec.headers)
    || case when jobs._is_controlled(spec) then jobs._control_options(spec) else '{}' end, '{}');
  block.flags := jobs._flags_of(options);
end $$;
