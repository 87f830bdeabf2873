\ir lib/setup.sql
select plan(59);
set timezone = 'UTC';

-- 2030-01-01 is a Tuesday
create function next(cron text, after timestamptz default '2030-01-01 00:00+00') returns text language sql as $$
  select to_char(jobs.next_run(cron, 'UTC', after), 'YYYY-MM-DD HH24:MI:SS') $$;
select is(next(cron), at, format('%s: %s', cron, at))
from (values
  ('* * * * *', '2030-01-01 00:01:00'),
  ('* * * * * *', '2030-01-01 00:00:01'),
  ('30 9 * * *', '2030-01-01 09:30:00'),
  ('15 30 9 * * *', '2030-01-01 09:30:15'),
  ('0 0 * * *', '2030-01-02 00:00:00'),
  ('*/20 * * * *', '2030-01-01 00:20:00'),
  ('50/5 * * * *', '2030-01-01 00:50:00'),
  ('10-30/15 * * * *', '2030-01-01 00:10:00'),
  ('45,10,5-7 * * * *', '2030-01-01 00:05:00'),
  ('0 0 1 feb *', '2030-02-01 00:00:00'),
  ('0 0 * mar-JUN fri', '2030-03-01 00:00:00'),
  ('0 0 * * 7', '2030-01-06 00:00:00'),
  ('0 0 * * sun', '2030-01-06 00:00:00'),
  ('0 0 * * mon-fri', '2030-01-02 00:00:00'),
  ('0 0 * * sat-7', '2030-01-05 00:00:00'),
  ('0 0 L * *', '2030-01-31 00:00:00'),
  ('0 0 l 2 *', '2030-02-28 00:00:00'),
  ('0 0 LW 3 *', '2030-03-29 00:00:00'),
  ('0 0 LW 6 *', '2030-06-28 00:00:00'),
  ('0 0 15,L * *', '2030-01-15 00:00:00'),
  ('0 0 * * 5L', '2030-01-25 00:00:00'),
  ('0 0 * * mon#2', '2030-01-14 00:00:00'),
  ('0 0 * * thu#5', '2030-01-31 00:00:00'),
  ('0 0 13 * fri', '2030-01-04 00:00:00'),
  ('0 0 */13 * fri', '2030-02-01 00:00:00'),
  ('0 0 29 2 *', '2032-02-29 00:00:00'),
  ('@yearly', '2031-01-01 00:00:00'),
  ('@annually', '2031-01-01 00:00:00'),
  ('@monthly', '2030-02-01 00:00:00'),
  ('@weekly', '2030-01-06 00:00:00'),
  (' @Daily ', '2030-01-02 00:00:00'),
  ('@midnight', '2030-01-02 00:00:00'),
  ('@hourly', '2030-01-01 01:00:00'),
  ('  0   9 *' || E'\t' || '* * ', '2030-01-01 09:00:00'),
  ('90 seconds', '2030-01-01 00:01:30'),
  ('PT15M', '2030-01-01 00:15:00'),
  ('1 day 12 hours', '2030-01-02 12:00:00')) as v(cron, at);
select is(next('0 0 30 2 *'), null, 'the 30th of February never comes');
select is(next('* * * * *', '2030-01-01 00:00:59.999999+00'), '2030-01-01 00:01:00', 'a moment before');
select is(next('* * * * *', '2030-01-01 00:01:00+00'), '2030-01-01 00:02:00', 'it is strictly after');
select is(next('1 hour', '2030-01-01 00:00:00.5+00'), '2030-01-01 01:00:00', 'an interval counts from `after`');
select is(jobs.next_run('0 9 * * *', 'Europe/Rome', '2030-01-01 00:00+00'), '2030-01-01 08:00+00', 'fields are read on the clock of the zone');
select stop_the_clock();
select is(jobs.next_run('0 9 * * *'), '2030-01-01 09:00+00', 'by default from now, in UTC');

-- mistakes, with the place
select refuses(format('select jobs.next_run(%L)', cron), 'JB002', format('%s is refused', cron), message, 'Five fields', 'at character ' || place || '$')
from (values
  ('* * * *', 'bad number of fields', 1),
  ('* * * * * * *', 'bad number of fields', 1),
  ('', 'bad number of fields', 1),
  ('@often', 'bad number of fields', 1),
  ('60 * * * *', 'bad minute .*''60''', 1),
  ('1,2,x * * * *', 'bad minute .*''x''', 5),
  ('0 24 * * *', 'bad hour .*''24''', 3),
  ('0 0 1,,2 * *', 'bad day of the month .*''''', 7),
  ('0 0 * 1-13 *', 'bad month .*''1-13''', 7),
  ('0 0 * * mon#6', 'bad day of the week .*''mon#6''', 9),
  ('0 0 5-2 * *', 'bad day of the month .*''5-2''', 5),
  ('x 0 0 * * *', 'bad second .*''x''', 1),
  ('*/0 * * * *', 'bad minute .*''\*/0''', 1)) as v(cron, message, place);
select refuses('select jobs.next_run(null)', 'JB002', 'no expression', 'number of fields', 'Five fields');
select refuses($$select jobs.next_run('* * * * *', 'Europe/Atlantis')$$, 'JB002', 'a zone that there is not', 'Europe/Atlantis', 'pg_timezone_names');
select refuses($$select jobs.next_run('* * * * *', null)$$, 'JB002', 'no zone', 'null', 'UTC');
select * from finish();
