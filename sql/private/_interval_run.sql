-- So many intervals after a time: months and days on the clock of this zone, the rest by the time
-- that passes.
create or replace function jobs._interval_run(
  anchor timestamptz, every interval, steps bigint, timezone text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _months int := extract(year from every) * 12 + extract(month from every);
  _days int := extract(day from every);
  _rest interval := every - make_interval(months => _months, days => _days);
begin
  if _months = 0 and _days = 0 then
    return anchor + steps * _rest;   -- an hour that comes twice is two hours
  end if;
  return jobs._on_wall(anchor at time zone timezone
    + make_interval(months => (steps * _months)::int, days => (steps * _days)::int), timezone)
    + steps * _rest;
end $$;
