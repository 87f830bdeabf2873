-- The one fence: these slots of this claim are finished, now and only once. Returns the lease; a
-- null row, and nothing has changed, unless all of them were unfinished. Locks and writes: lease.
create or replace function jobs._finish(claim bigint, slots bigint)
returns jobs.lease
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _lease jobs.lease;
begin
  delete from jobs.lease l
  where l.claim = _finish.claim and l.unfinished = slots
  returning * into _lease;
  if not found then
    update jobs.lease l set unfinished = l.unfinished & ~slots
    where l.claim = _finish.claim and l.unfinished & slots = slots
    returning * into _lease;
    -- another slot's outcome may have been accepted while this one waited for the row
    if _lease.unfinished = 0 then
      delete from jobs.lease l where l.claim = _finish.claim;
    end if;
  end if;
  return _lease;
end $$;
