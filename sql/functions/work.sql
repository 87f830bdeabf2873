-- complete_many(completed, results) and claim(queues, worker, …) in one statement and one commit.
--   completed  tokens of jobs that have ended well, default none
--   results    their results, by the order of completed; default none
-- The other arguments are those of claim; max_jobs 0 claims nothing. Returns first a row for each
-- completed token whose status is not `completed` (its other columns are null; see complete_many),
-- then, with status `claimed`, the rows of claim. SQLSTATE JB002.
-- Locks: lease by claim, then as claim. Writes: as complete_many and claim.
create or replace function jobs.work(
  queues text[] default null, worker uuid default null, max_jobs int default 1,
  lease interval default null, kinds text[] default null, routing text[] default null,
  completed bigint[] default '{}', results jsonb[] default null)
returns table (
  status text, token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb,
    attempt int,
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
  if completed <> '{}' then
    return query
      select c.status, c.token, null::bigint, null, null, null::jsonb, null::jsonb, null::int,
        null::int,
        null::int, null::interval, null::timestamptz
      from jobs._complete(completed, results) as c;
  end if;
  if max_jobs = 0 then
    return;
  end if;
  _claims := jobs._take(queues, worker, max_jobs, lease, kinds, routing);
  if _claims <> '{}' then
    return query
      select 'claimed', h.token, h.id, h.kind, h.queue, h.args, h.headers, h.attempt,
        h.max_attempts,
        h.priority, h.timeout, h.created_at
      from unnest(_claims) as c(claim) join jobs._held h on h.claim = c.claim;
  end if;
end $$;
