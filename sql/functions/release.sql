-- The token's job is ready again, behind those that are ready now; its attempt is given back.
-- Returns `ready`, `dead` (its claims are spent), `cancelled` (that was requested), or
-- `already_done`.
-- SQLSTATE JB001 the claim is over. Locks: lease. Writes: lease, event, ready.
create or replace function jobs.release(token bigint)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  _status text := (select r.status from jobs.release_many(array[token]) as r);
begin
  return case
    when _status = 'stale' then jobs._raise_stale(token, _status)
    else _status end;
end $$;
