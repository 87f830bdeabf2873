-- The interval that stands in the place of a cron expression; null if it is none. Raises JB002 for
-- one that is below a second.
create or replace function jobs._cron_interval(cron text)
returns interval
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _interval interval;
begin
  if cron collate "C" !~ '^[[:space:]]*([0-9]+([.][0-9]+)?[[:space:]]*[a-zA-Z]|P)' then
    return null;
  end if;
  begin
    _interval := cron::interval;
  exception when data_exception then
    return null;
  end;
  if _interval not between interval '1 s' and interval '100 years'
    or least(extract(year from _interval), extract(month from _interval),
      extract(day from _interval), extract(hour from _interval), extract(minute from _interval),
      extract(second from _interval)) < 0 then
    perform jobs._raise_invalid(format('the interval is %s', _interval),
      'An interval is 1 s to 100 years, and no part of it negative.');
  end if;
  return _interval;
end $$;
