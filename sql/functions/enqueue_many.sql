-- All of these jobs exist, if and when the caller's transaction commits, or none: an array of
-- objects whose keys are the arguments of enqueue. Returns one row per object, in order:
--   ord      its index, from 1
--   id       the job's id
--   created  true
-- Objects that differ in args alone become blocks together; between jobs of different kinds or
-- options the order in the queue is that of each one's first object.
-- SQLSTATEs: as enqueue; DETAIL names the index of the object. Locks and writes: as enqueue.
create or replace function jobs.enqueue_many(jobs jsonb)
returns table (ord int, id bigint, created boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _not_object bigint;
  _group record;
  _ords int[];
  _ids bigint[];
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
  for _group in
    select e.job - 'args' as spec, array_agg(e.nth::int order by e.nth) as ords,
      array_agg(coalesce(e.job -> 'args', '{}') order by e.nth) as args
    from jsonb_array_elements(enqueue_many.jobs) with ordinality as e(job, nth)
    group by e.job - 'args'
    order by min(e.nth)
  loop
    _ords := _ords || _group.ords;
    _ids := _ids || jobs._insert_spec(_group.spec, _group.args, _group.ords);
  end loop;
  return query
    select u.o, u.i, true from unnest(_ords, _ids) as u(o, i) order by u.o;
end $$;

create or replace function jobs.enqueue_many(
  kind text, args jsonb[], queue text default null, priority int default null,
  run_at timestamptz default null, delay interval default null, max_attempts int default null,
  routing_key text default null, timeout interval default null, lease interval default null,
  backoff jsonb default null, headers jsonb default null)
returns table (ord int, id bigint, created boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _block jobs.ready;
  _place record;
  _ids bigint[];
begin
  perform jobs._check_args(enqueue_many.args);
  _place := jobs._place(kind, queue, priority, run_at, delay, max_attempts, routing_key, timeout,
    lease,
    backoff, headers);
  _block := _place.block;
  _ids := jobs._insert_jobs(_block, _place.at, _place.options, enqueue_many.args);
  return query
    select u.nth::int, u.i, true from unnest(_ids) with ordinality as u(i, nth);
end $$;
