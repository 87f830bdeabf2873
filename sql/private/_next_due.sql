-- The schedule's first time after this one; null if there is none. An interval counts from
-- starts_at, else from when the schedule was made.
create or replace function jobs._next_due(schedule jobs.schedule, after timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _every interval := jobs._cron_interval(schedule.cron);
  _anchor timestamptz := coalesce(schedule.starts_at, schedule.created_at);
  _next timestamptz;
  _steps bigint;
begin
  perform jobs._check_timezone(schedule.timezone);
  if _every is null then
    -- starts_at itself may be the first
    _next := jobs._cron_run(jobs._parse_cron(schedule.cron), schedule.timezone,
      greatest(after, schedule.starts_at - interval '1 us'));
  elsif after < schedule.starts_at then
    _next := schedule.starts_at;
  else
    -- so many have passed at least: no year is longer than 366 days, no month than 31, and a zone's
    -- clock is not set back by more than a day or two
    _steps := greatest(0, floor((extract(epoch from after - _anchor) - 172800) / (
      extract(year from _every) * 31622400 + extract(month from _every) * 2678400
      + extract(epoch from _every - make_interval(
        years => extract(year from _every)::int, months => extract(month from _every)::int))))
      ::bigint);
    loop
      _steps := _steps + 1;
      _next := jobs._interval_run(_anchor, _every, _steps, schedule.timezone);
      exit when _next > after;
    end loop;
  end if;
  return case when _next <= coalesce(schedule.ends_at, 'infinity') then _next end;
end $$;
