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
-- Returns a row per job: token is the fence for every later call, attempt counts from 1. Claim in a
-- transaction of its own (autocommit): while it is open, its blocks are locked and its tick keeps
-- the others out. An empty claim writes nothing. SQLSTATE JB002.
-- Locks: the claimed blocks of ready, skipping what is locked. Writes: ready, event, lease;
-- register and lane when nobody has ticked for 100 ms.
create or replace function jobs.claim(
  queues text[] default null, worker uuid default null, max_jobs int default 1,
  lease interval default null, kinds text[] default null, routing text[] default null)
returns table (
  token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb, attempt int,
  max_attempts int, priority int, timeout interval, created_at timestamptz)
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
  _claims bigint[];
begin
  perform jobs._freshen();
  _claims := jobs._take(queues, worker, max_jobs, lease, kinds, routing);
  if _claims <> '{}' then
    return query
      select h.token, h.id, h.kind, h.queue, h.args, h.headers, h.attempt, h.max_attempts,
        h.priority,
        h.timeout, h.created_at
      from unnest(_claims) as c(claim) join jobs._held h on h.claim = c.claim;
  end if;
end $$;
