-- One step of the mechanism on which every watermark rests.
--
-- A position is drawn inside an insert that already holds RowExclusiveLock on its table, and that
-- lock lasts until its transaction ends. An epoch notes the last position (pos) and then the
-- transactions that hold the lock (holders). Whoever drew a position up to pos is among them or has
-- ended, and a transaction that has ended is seen by every later snapshot, since Postgres makes a
-- commit visible before it releases the locks. So once none of the holders is left, every position
-- up to pos is decided.
--   old       the epoch that waits
--   last_pos, at, holders   what the tick has just noted, in this order
-- Returns the epoch to wait for next, and `bound`: every position below it is decided (and whatever
-- was scheduled before `bound_at`); null while the old epoch waits.
create or replace function jobs._next_epoch(
  old jobs.epoch, last_pos bigint, at timestamptz, holders text[],
  out epoch jobs.epoch, out bound bigint, out bound_at timestamptz)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _left text[] := array(
    select h from unnest(holders) as h
    where h = any(old.holders)
      or h like '-1/%' and exists (
        select from unnest(old.holders) as o where o not like '-1/%' and o <> all(holders)));
begin
  if holders = '{}' then
    bound := last_pos + 1;
    bound_at := at;
  elsif _left <> '{}' then
    epoch := row(old.pos, old.at, _left);
    return;
  else
    bound := old.pos + 1;
    bound_at := old.at;
  end if;
  epoch := row(last_pos, at, holders);
end $$;
