-- All of these jobs exist, if and when the caller's transaction commits, or none: an array of
-- objects whose keys are the arguments of enqueue. Returns one row per object, in order:
--   ord      its index, from 1
--   id       the job's id
--   created  false if a key's job stands for it, whose id this is; or, where id is null, if the
--            queue is full and drops what is too much (overflow of configure_queue) after the first
--   mismatch whether that one is of another kind or has other args
-- Objects that differ in args alone become blocks together; between jobs of different kinds or
-- options the order in the queue is that of each one's first object.
-- SQLSTATEs: as enqueue; DETAIL names the index of the object. Locks and writes: as enqueue.
create or replace function jobs.enqueue_many(jobs jsonb)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _not_object bigint;
begin
  if jsonb_typeof(enqueue_many.jobs) is distinct from 'array' then
    perform jobs._raise_invalid('jobs is not a JSON array',
      'Pass an array of objects: [{"kind": "send_mail", "args": {"to": "ada@example.org"}}]');
  end if;
  select e.nth into _not_object
  from jsonb_array_elements(enqueue_many.jobs) with ordinality as e(job, nth)
  where jsonb_typeof(e.job) <> 'object' limit 1;
  if found then
    perform jobs._raise_invalid(format('no JSON object at index %s', _not_object),
      'Pass an array of objects: [{"kind": "send_mail", "args": {"to": "ada@example.org"}}]');
  end if;
  -- sorted here and not gathered in an array, which would be copied for each group
  return query select s.* from jobs._insert_specs(enqueue_many.jobs) as s order by s.ord;
end $$;

create or replace function jobs.enqueue_many(
  kind text, args jsonb[], queue text default null, priority int default null,
  run_at timestamptz default null, delay interval default null, max_attempts int default null,
  routing_key text default null, timeout interval default null, lease interval default null,
  backoff jsonb default null, headers jsonb default null, idempotency_key text default null,
  idempotency_ttl interval default null, unique_key text default null,
  unique_options jsonb default null, on_conflict text default null,
  concurrency_key text default null, ordering_key text default null, fair_key text default null,
  batch bigint default null, depends_on bigint[] default null,
  on_dependency_failure text default null)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _spec jobs.job_spec := row(kind, queue, priority, run_at, delay, max_attempts, routing_key,
    timeout, lease, backoff, headers, idempotency_key, idempotency_ttl, unique_key, unique_options,
    on_conflict, concurrency_key, ordering_key, fair_key, batch, depends_on,
    on_dependency_failure);
  _place record;
begin
  perform jobs._check_args(enqueue_many.args);
  if jobs._is_controlled(_spec) then
    return query select c.* from jobs._insert_controlled(_spec, enqueue_many.args) as c;
    return;
  end if;
  _place := jobs._place(_spec);
  if _place.regulated then
    return query select c.* from jobs._insert_controlled(_spec, enqueue_many.args) as c;
    return;
  end if;
  return query
    select u.nth::int, u.i, true, false
    from unnest(jobs._insert_jobs(_place.block, _place.at, _place.options, enqueue_many.args))
      with ordinality as u(i, nth);
end $$;
