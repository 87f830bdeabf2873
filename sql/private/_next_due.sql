-- The schedule's first time after this one; null if there is none. An interval counts from
-- starts_at, else from when the schedule was made.
create or replace function jobs._next_due(schedule jobs.schedule, after timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _interval interval := jobs._cron_interval(schedule.cron);
  _anchor timestamptz := coalesce(schedule.starts_at, schedule.created_at);
  _next timestamptz;
  _steps bigint;
begin
  perform jobs._check_timezone(schedule.timezone);
  if _interval is null then
    -- starts_at itself may be the first
    _next := jobs._cron_run(jobs._parse_cron(schedule.cron), schedule.timezone,
      greatest(after, schedule.starts_at - interval '1 s'));
  elsif after < schedule.starts_at then
    _next := schedule.starts_at;
  else
    -- about as many steps as have passed; months and days differ in length, so a few fewer
    _steps := greatest(0, floor(extract(epoch from after - _anchor)
      / extract(epoch from _interval))::bigint - 3);
    loop
      _steps := _steps + 1;
      _next := (_anchor at time zone schedule.timezone + _steps * _interval)
        at time zone schedule.timezone;
      exit when _next > after;
    end loop;
  end if;
  return case when _next <= coalesce(schedule.ends_at, 'infinity') then _next end;
end $$;
