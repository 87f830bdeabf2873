-- The token's job has failed: it waits for its next attempt, or is dead.
--   error     an object {"type", "message", "traceback"}, or a string; cut to
--             setting.max_error_bytes
--   retry_in  until the next attempt; default by the job's backoff (see backoff_delay)
--   reason    null or `timeout`: retried until max_attempts; `aborted`, `undecodable`, `rejected`:
--             dead now
--   charge    does the attempt count towards max_attempts? default true
-- Returns `scheduled`, `ready` (no delay), `dead`, `cancelled` (that was requested), or
-- `already_done`.
-- Call it in a transaction of its own, after the handler's was rolled back.
-- SQLSTATEs: JB001 the claim is over, JB002. Locks: lease. Writes: lease, event; scheduled, ready,
-- job.
create or replace function jobs.fail(
  token bigint, error jsonb default null, retry_in interval default null, reason text default null,
  charge boolean default true)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  return coalesce(
    jobs._fail(token, error, retry_in, reason, charge),
    jobs._raise_stale(token, jobs._refusal(token, '{failed,dead,cancelled}')));
end $$;
