-- Each token's job is completed. Nothing is raised for a token that is refused.
--   results  by the order of tokens; default none
-- Returns a row only for a token whose job was not simply completed: `already_done`, `stale`; or,
-- for a job whose result is too large and which has therefore failed, `scheduled`, `ready`, `dead`
-- or `cancelled`.
-- SQLSTATE JB002. Locks: lease by claim. Writes: lease, event; scheduled, ready.
create or replace function jobs.complete_many(tokens bigint[], results jsonb[] default null)
returns table (token bigint, status text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  return query select c.token, c.status from jobs._complete(tokens, results) as c;
end $$;
