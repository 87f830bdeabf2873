-- Whether a cron expression fits this day.
create or replace function jobs._cron_fits_day(spec jobs.cron_spec, day date)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _day int := extract(day from day);
  _weekday int := extract(dow from day);
  _last date := (date_trunc('month', day::timestamp) + interval '1 month - 1 day')::date;
  _fits_day boolean := spec.days >> _day & 1 = 1
    or spec.last_day and day = _last
    or spec.last_workday and day = _last
      - case extract(dow from _last)::int when 0 then 2 when 6 then 1 else 0 end;
  _fits_weekday boolean := spec.weekdays >> _weekday & 1 = 1
    or spec.nth_weekdays >> 6 * _weekday + (_day - 1) / 7 + 1 & 1 = 1
    or spec.nth_weekdays >> 6 * _weekday & 1 = 1 and day > _last - 7;
begin
  return case when spec.both_days then _fits_day and _fits_weekday
    else _fits_day or _fits_weekday end;
end $$;
