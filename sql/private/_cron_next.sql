-- The first time on the wall, at or after this one, that a cron expression fits; null if there is
-- none within 100 years (a 30th of February).
create or replace function jobs._cron_next(spec jobs.cron_spec, at timestamp)
returns timestamp
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _day date := at::date;
  _end date := _day + 36600;
  _hour int := extract(hour from at);
  _minute int := extract(minute from at);
  _second int := extract(second from at);
  _found int;
begin
  while _day < _end loop
    if spec.months >> extract(month from _day)::int & 1 = 0 then
      _day := date_trunc('month', _day::timestamp) + interval '1 month';
    elsif not jobs._cron_fits_day(spec, _day) then
      _day := _day + 1;
    else
      -- the first time of this day from hour:minute:second on
      loop
        _found := jobs._next_bit(spec.hours, _hour);
        exit when _found is null;
        if _found > _hour then
          _hour := _found;
          _minute := 0;
          _second := 0;
        end if;
        _found := jobs._next_bit(spec.minutes, _minute);
        if _found is null then
          _hour := _hour + 1;
          _minute := 0;
          _second := 0;
          continue;
        end if;
        if _found > _minute then
          _minute := _found;
          _second := 0;
        end if;
        _found := jobs._next_bit(spec.seconds, _second);
        if _found is not null then
          return _day + make_time(_hour, _minute, _found);
        end if;
        _minute := _minute + 1;
        _second := 0;
      end loop;
      _day := _day + 1;
    end if;
    _hour := 0;
    _minute := 0;
    _second := 0;
  end loop;
  return null;
end $$;
