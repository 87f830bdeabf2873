-- When a cron expression fits next, strictly after a time; null if it never does.
--   cron      five fields (minute hour day month weekday), six with the second first, @daily and
--             the like, or an interval such as `15 minutes`, counted from `after`
--   timezone  whose clock on the wall the fields are read from, default UTC
--   after     default now
-- Fields: *, 5, 1-5, */10, 5/15, lists, names (jan, mon), 7 for Sunday, L and LW in the day of the
-- month (last day, last workday), 5L (last Friday) and mon#2 (second Monday) in the day of the
-- week. A day must fit both day fields if one of them begins with *, else one of the two, as in
-- Debian's cron.
--
-- When clocks change: an expression of five fields that names minutes and hours runs once on a day
-- that it fits: one that falls into the hour that is left out runs right after it, one in the hour
-- that comes twice the first time. All others (*/10, six fields) go by the time that passes.
-- SQLSTATE JB002, DETAIL has the place of the mistake. Nothing changes.
create or replace function jobs.next_run(
  cron text, timezone text default 'UTC', after timestamptz default null)
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _after timestamptz := coalesce(after, jobs.now());
  _interval interval := jobs._cron_interval(cron);
begin
  perform jobs._check_timezone(timezone);
  if _interval is not null then
    return jobs._interval_run(_after, _interval, 1, timezone);
  end if;
  return jobs._cron_run(jobs._parse_cron(cron), timezone, _after);
end $$;
