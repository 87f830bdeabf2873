\ir lib/setup.sql
select plan(36);
set timezone = 'UTC';

-- the next times, in UTC
create function times(cron text, timezone text, after timestamptz, many int) returns text language plpgsql as $$
declare _times text[] := '{}';
begin
  for _ in 1..many loop
    after := jobs.next_run(cron, timezone, after);
    _times := _times || to_char(after, 'DD HH24:MI');
  end loop;
  return array_to_string(_times, ', ');
end $$;

-- Rome, 2026-03-29: 2:00 is followed by 3:00, at 1:00 in UTC
select is(times('30 2 * * *', 'Europe/Rome', '2026-03-28 00:00+00', 3), '28 01:30, 29 01:00, 30 00:30', 'a time that is left out runs right after');
select is(times('0 2 * * *', 'Europe/Rome', '2026-03-28 00:00+00', 3), '28 01:00, 29 01:00, 30 00:00', 'so does the first that is');
select is(times('0 2,3 * * *', 'Europe/Rome', '2026-03-28 12:00+00', 2), '29 01:00, 30 00:00', 'which is once, if there is another then');
select is(times('0,30 2 * * *', 'Europe/Rome', '2026-03-28 12:00+00', 2), '29 01:00, 30 00:00', 'and also if two are left out');
select is(times('30 2 * * *', 'Europe/Rome', '2026-03-29 00:59:59+00', 2), '29 01:00, 30 00:30', 'asked the second before');
select is(times('30 2 * * *', 'Europe/Rome', '2026-03-29 00:59:59.7+00', 1), '29 01:00', 'or within it');
select is(times('30 2 * * *', 'Europe/Rome', '2026-03-29 01:00:00+00', 1), '30 00:30', 'or at that moment');
select is(times('30 2 29 3 *', 'Europe/Rome', '2026-03-01 00:00+00', 1), '29 01:00', 'also if it runs on that day only');
select is(times('30 * * * *', 'Europe/Rome', '2026-03-29 00:00+00', 3), '29 00:30, 29 01:30, 29 02:30', 'what runs every hour goes by the time that passes');
select is(times('*/30 2 * * *', 'Europe/Rome', '2026-03-28 12:00+00', 1), '30 00:00', 'what names no minute does not run in an hour that is left out');
select is(times('0 30 2 * * *', 'Europe/Rome', '2026-03-28 12:00+00', 1), '30 00:30', 'nor does one of six fields');

-- Rome, 2026-10-25: 3:00 is 2:00 again, at 1:00 in UTC
select is(times('30 2 * * *', 'Europe/Rome', '2026-10-24 12:00+00', 2), '25 00:30, 26 01:30', 'a time that comes twice runs the first time');
select is(times('30 2 * * *', 'Europe/Rome', '2026-10-25 00:30+00', 1), '26 01:30', 'and not again');
select is(times('30 2 * * *', 'Europe/Rome', '2026-10-25 01:10+00', 1), '26 01:30', 'also if asked in between');
select is(times('0 3 * * *', 'Europe/Rome', '2026-10-25 00:59:59+00', 1), '25 02:00', 'what follows runs when it follows');
select is(times('*/30 * * * *', 'Europe/Rome', '2026-10-25 00:00+00', 4), '25 00:30, 25 01:00, 25 01:30, 25 02:00', 'every half an hour is every half an hour');
select is(times('*/30 2 * * *', 'Europe/Rome', '2026-10-24 12:00+00', 4), '25 00:00, 25 00:30, 25 01:00, 25 01:30', 'what names no minute runs in both hours');
select is(times('0 30 2 * * *', 'Europe/Rome', '2026-10-24 12:00+00', 3), '25 00:30, 25 01:30, 26 01:30', 'as does one of six fields');

-- half an hour, a day, the other half of the year, a year away
select is(times('15 2 * * *', 'Australia/Lord_Howe', '2025-10-04 00:00+00', 2), '04 15:30, 05 15:15', 'half an hour is left out');
select is(times('* 9 * * *', 'Australia/Lord_Howe', '2025-10-04 15:30+00', 1), '04 22:00', 'and all that follows is on time');
select is(times('45 1 * * *', 'Australia/Lord_Howe', '2025-04-05 00:00+00', 2), '05 14:45, 06 15:15', 'half an hour comes twice');
select is(times('* */8 * * *', 'Africa/Cairo', '2023-04-27 21:30+00', 1), '28 05:00', 'an hour that is left out may be a day''s first');
select is(times('0 0 * * *', 'Africa/Cairo', '2023-04-26 23:00+00', 2), '27 22:00, 28 21:00', 'then midnight is when the day begins');
select is(times('0 0 28 4 *', 'Africa/Cairo', '2023-04-27 21:30+00', 1), '27 22:00', 'and it is that day''s');
select is(times('0 12 30 12 *', 'Pacific/Apia', '2011-12-01 00:00+00', 1), '30 10:00', 'a day that is left out runs at the next one''s beginning');
select is(times('*/5 * 1 7 *', 'Europe/Rome', '2026-01-01 00:00+00', 2), '30 22:00, 30 22:05', 'over a change');
select is(times('*/5 * 1 1 *', 'Europe/Rome', '2026-02-01 00:00+00', 2), '31 23:00, 31 23:05', 'over two of them');

-- intervals
select is(times('15 minutes', 'Europe/Rome', '2026-10-25 00:30+00', 4), '25 00:45, 25 01:00, 25 01:15, 25 01:30', 'minutes pass in an hour that comes twice');
select is(times('15 minutes', 'Europe/Rome', '2026-03-29 00:30+00', 3), '29 00:45, 29 01:00, 29 01:15', 'and over one that is left out');
select is(times('1 day', 'Europe/Rome', '2026-03-28 08:00+00', 2), '29 07:00, 30 07:00', 'a day is one on the wall');
select is(times('24 hours', 'Europe/Rome', '2026-03-28 08:00+00', 2), '29 08:00, 30 08:00', '24 hours are not');
select is(times('1 month', 'Europe/Rome', '2026-03-15 08:00+00', 1), '15 07:00', 'nor is a month, which ends earlier');
select stop_the_clock();
select jobs.set_test_clock('2026-01-31 08:00+00') \g /dev/null
select jobs.schedule('monthly', '1 month', timezone => 'Europe/Rome') \g /dev/null
select is((select next_runs from jobs.list_schedules('monthly')),
  '{2026-02-28 08:00+00,2026-03-31 07:00+00,2026-04-30 07:00+00,2026-05-31 07:00+00,2026-06-30 07:00+00}', 'months count from the first one, whose day is not lost');
select jobs.schedule('nightly', '1 day', timezone => 'Europe/Rome', starts_at => '2026-03-28 01:30+00') \g /dev/null
select is((select next_runs from jobs.list_schedules('nightly')),
  '{2026-03-28 01:30+00,2026-03-29 01:00+00,2026-03-30 00:30+00,2026-03-31 00:30+00,2026-04-01 00:30+00}', 'nor is the hour of a day in which it is left out');
select jobs.schedule('old', '1 month', timezone => 'Europe/Rome', starts_at => '1950-05-31 08:00+00') \g /dev/null
select is((select next_runs[1:2] from jobs.list_schedules('old')), '{2026-02-28 08:00+00,2026-03-31 07:00+00}', 'after many years, too');
select jobs.set_test_clock('2026-03-31 07:00+00') \g /dev/null
select jobs.tick() \g /dev/null
select is((select next_runs[1] from jobs.list_schedules('old')), '2026-04-30 07:00+00', 'and from one of its times on');
select * from finish();
