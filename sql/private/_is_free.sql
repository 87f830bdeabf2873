-- Whether no transaction that is under way has changed the row, by the xmax of the version that one
-- sees. This looks without a lock: one would hold up whoever is about to change the row. It is true
-- to the facts because the rows of `dependency` are only ever updated, never locked, and by one
-- transaction at a time; so xmax is that one's id, or that of one which was rolled back.
create or replace function jobs._is_free(xmax xid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _near bigint;   -- a transaction id of now, with its epoch
  _ahead bigint;
begin
  if xmax = '0'::xid then
    return true;
  end if;
  _near := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  _ahead := (xmax::text::bigint - _near) & 4294967295;
  if _ahead > 2147483647 then
    _ahead := _ahead - 4294967296;
  end if;
  return coalesce(
    pg_xact_status((greatest(_near + _ahead, 0))::text::xid8) = 'aborted', true);
end $$;
