-- A job exists, if and when the caller's transaction commits; its id is returned.
--   kind          what handler runs it, 1 to 255 bytes; comes into being when first named
--   args          any JSON, default {}; up to setting.max_args_bytes (1 MiB)
--   queue         default: the kind's queue, else `default`
--   priority      -100 to 100, higher first, default 0
--   run_at, delay not before then (give one of them; a run_at in the past means now), default now
--   max_attempts  how often the handler may be started at most; default the kind's, the queue's, 20
--   routing_key   only claims that ask for this key, or for any, take the job
--   timeout       longest execution of one attempt; default the kind's, the queue's, none
--   lease         how long a claim lasts unless renewed, at least 1 s; default the claimer's, 30 s
--   backoff       see backoff_delay; default the kind's, the queue's, exponential from 1 s to 1 h
--   headers       a JSON object for trace context and the like, up to 8 KiB
-- Returns null where the queue is full and drops what is too much (overflow of configure_queue).
-- SQLSTATEs: JB002 an argument is out of range, JB003 args or headers are too large, JB004 the
-- queue takes known kinds only, JB030 it is full.
-- Locks: none that another enqueue or a claim would wait for. Writes: job, ready or scheduled;
-- queue, kind and queue_priority when new.
create or replace function jobs.enqueue(
  kind text, args jsonb default '{}', queue text default null, priority int default null,
  run_at timestamptz default null, delay interval default null, max_attempts int default null,
  routing_key text default null, timeout interval default null, lease interval default null,
  backoff jsonb default null, headers jsonb default null, idempotency_key text default null,
  idempotency_ttl interval default null, unique_key text default null,
  unique_options jsonb default null, on_conflict text default null,
  concurrency_key text default null, ordering_key text default null, fair_key text default null,
  batch bigint default null, depends_on bigint[] default null,
  on_dependency_failure text default null)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _block jobs.ready;
  _spec jobs.job_spec;
  _place record;
  _at timestamptz;
  _options jsonb;
  _regulated boolean;
  _id bigint;
begin
  if args is null then
    perform jobs._raise_invalid('args is null', 'Leave args out, or pass a JSON value such as {}.');
  end if;
  if pg_column_size(args) > 2000 then
    perform jobs._check_size('args', pg_column_size(args));
  end if;
  -- what _place does for a job without options, of a kind and a queue that exist: this halves its
  -- cost
  select q.id, k.id, 0, coalesce(k.lease_ms, q.lease_ms, 0),
    coalesce(k.timeout_ms, q.timeout_ms, 0), '',
    num_nonnulls(q.max_pending, k.alias_of, k.required_args, k.arg_types) > 0
  into _block.queue_id, _block.kind_id, _block.priority, _block.lease_ms, _block.timeout_ms,
    _block.routing_key, _regulated
  from jobs.kind k join jobs.queue q on q.name = coalesce(enqueue.queue, k.queue)
  where k.name = enqueue.kind;
  if not found or _regulated or num_nonnulls(priority, run_at, delay, max_attempts, routing_key,
    timeout, lease, backoff, headers, idempotency_key, idempotency_ttl, unique_key, unique_options,
    on_conflict, concurrency_key, ordering_key, fair_key, batch, depends_on,
    on_dependency_failure) > 0 then
    _spec := row(kind, queue, priority, run_at, delay, max_attempts, routing_key, timeout, lease,
      backoff, headers, idempotency_key, idempotency_ttl, unique_key, unique_options, on_conflict,
      concurrency_key, ordering_key, fair_key, batch, depends_on, on_dependency_failure);
    if idempotency_key is not null then
      _spec.on_conflict := coalesce(on_conflict, 'match');   -- an id alone would not tell
    end if;
    _regulated := coalesce(_regulated, false) or jobs._is_controlled(_spec);
    if not _regulated then
      _place := jobs._place(_spec);
      _regulated := _place.regulated;
    end if;
    if _regulated then
      return (select c.id from jobs._insert_controlled(_spec, array[args]) as c);
    end if;
    _block := _place.block;
    _at := _place.at;
    _options := _place.options;
  end if;

  insert into jobs.job (id, created_at, queue_id, kind_id, priority, options, args)
  values (nextval('jobs.pos_seq'), jobs.now(), _block.queue_id,
    _block.kind_id,
    _block.priority, _options, enqueue.args)
  returning id into _id;
  if _at is null then
    insert into jobs.ready (
      ord, queue_id, kind_id, priority, attempt, claims, lease_ms, timeout_ms, routing_key, ids)
    values (nextval('jobs.pos_seq'), _block.queue_id, _block.kind_id, _block.priority, 0, 0,
      _block.lease_ms,
      _block.timeout_ms, _block.routing_key, array[_id]);
    if pg_sequence_last_value(jobs._idle_flag(_block.queue_id)) = 2 then
      perform jobs._wake(_block.queue_id);
    end if;
  else
    _block.ids := array[_id];
    perform jobs._put(_block, _at);
  end if;
  return _id;
end $$;
