-- The position up to which every consumer and every subscription that reads this category has read;
-- what lies above it must stay. Null if nobody reads it.
create or replace function jobs._read_by_all(category text)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return least(
    (select min(s.backfill_pos) from jobs.subscription s
    where coalesce(s.category, _read_by_all.category) = _read_by_all.category),
    (select min((
      select a.pos from jobs.consumer_cursor a
      where a.consumer_id = c.id order by a.ver desc limit 1))
    from jobs.consumer c
    where coalesce(c.category, _read_by_all.category) = _read_by_all.category
      and c.job_events is not true));
end $$;
