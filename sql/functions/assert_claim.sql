-- The token's claim is held, and cannot be reset, until the caller's transaction ends; otherwise
-- JB001, which rolls its writes back. For a handler that writes before it completes.
-- Locks: lease, shared (heartbeats pass). Writes: nothing.
create or replace function jobs.assert_claim(token bigint)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  perform from jobs.lease l
  where l.claim = token >> 6 and l.unfinished & (1::bigint << (token & 63)::int) <> 0
  for key share;
  if not found then
    perform jobs._raise_stale(token, 'stale');
  end if;
end $$;
