-- The token's job is discarded: a terminal outcome that is neither success nor failure; it is not
-- worth doing.
--   reason  for people to read, kept with the event, default none
-- Returns `discarded` or `already_done`. SQLSTATE JB001 the claim is over.
-- Locks: lease. Writes: lease, event.
create or replace function jobs.discard(token bigint, reason text default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  return jobs._end(token, 'discarded', reason);
end $$;
