-- The jobs returned are the caller's until the lease ends: highest priority first, then in the
-- order in which they became ready; queues of equal priority in the order given. At most max_jobs,
-- perhaps none. The first job of a priority that is new to its queue may wait for the next tick.
--   queues    default: every queue
--   worker    an id from register_worker, for the history; default none
--   max_jobs  1 to 10000, default 1
--   lease     at least 1 s, default 30 s; a job's, kind's or queue's own goes before it
--   kinds     only jobs of these kinds; default any
--   routing   null any job; '{}' those without a routing key; '{eu,us}' those with one of these
--             keys; a null element adds those without one
-- Returns a row per job: token is the fence for every later call, attempt counts from 1, lease_ms
-- is how long the lease lasts and is renewed by, in milliseconds. Claim in a transaction of its own
-- (autocommit): while it is open, its blocks are locked and its tick keeps the others out. An empty
-- claim writes nothing. SQLSTATE JB002.
-- Locks: the claimed blocks of ready, skipping what is locked. Writes: ready, event, lease;
-- register and lane when nobody has ticked for 100 ms.
create or replace function jobs.claim(
  queues text[] default null, worker uuid default null, max_jobs int default 1,
  lease interval default null, kinds text[] default null, routing text[] default null)
returns table (
  token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb, attempt int,
  max_attempts int, priority int, timeout interval, created_at timestamptz, lease_ms int)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
as $$
#variable_conflict use_column
declare
  _one record;
  _lease jobs.lease;
  _facts record;
begin
  if max_jobs = 1 and cardinality(queues) = 1 then
    _one := jobs._claim_single(queues[1], worker, lease, kinds, routing, true);
    if _one.token is not null then
      return query
        select _one.token, _one.id, _one.kind, queues[1], _one.args, _one.headers, 1,
          _one.max_attempts, _one.priority, _one.timeout, _one.created_at, _one.lease_ms;
      return;
    end if;
  end if;
  foreach _lease in array jobs._take(queues, worker, max_jobs, lease, kinds, routing, true) loop
    _facts := jobs._claim_facts(_lease);
    return query
      select (_lease.claim << 6) | (s.slot - 1), j.id,
        coalesce(_facts.kind,
          (select coalesce(k.alias_of, k.name) from jobs.kind k where k.id = j.kind_id)),
        _facts.queue, j.args, j.options -> 'headers', _lease.attempt::int,
        case
          when j.options ? 'max_attempts' then (j.options ->> 'max_attempts')::int
          when _facts.kind is not null then _facts.max_attempts
          else coalesce((select k.max_attempts from jobs.kind k where k.id = j.kind_id),
            _facts.max_attempts) end,
        _lease.priority::int, _facts.timeout, j.created_at, _lease.lease_ms
      from unnest(_lease.ids) with ordinality as s(id, slot)
      -- offset 0: a look-up per id, whatever the planner thinks of a table that was vacuumed empty
      cross join lateral (select * from jobs.job a where a.id = s.id offset 0) as j;
  end loop;
end $$;
