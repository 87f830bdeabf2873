\ir lib/setup.sql
select plan(10);
select stop_the_clock();

-- a session that is as odd as may be
create schema trap;
create table trap.schedule (id int);
create function trap.lower(text) returns text language sql as $$ select 'trapped' $$;
create temporary table schedule_run (due_at text);
do $$ begin
  create collation trap.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
exception when feature_not_supported or undefined_object then   -- a server that knows none
  create collation trap.any_case from "POSIX";
end $$;
set datestyle = 'SQL, DMY';
set timezone = 'Asia/Kathmandu';
set intervalstyle = 'sql_standard';
set transform_null_equals = on;
set enable_indexscan = off;
set standard_conforming_strings = off;
set escape_string_warning = off;
set search_path = trap, public, pg_catalog;
select jobs.schedule('cron', '  30 9' || chr(9) || '* * mon-FRI', timezone => 'Europe/Rome', starts_at => '2030-01-01T00:00:00Z') as created \gset
select jobs.schedule('any case', '0 9 * JAN Tue' collate trap.any_case) as any_case \gset
select jobs.schedule('interval', '1 day 2:00:00', jitter => '0 0:00:01') as interval \gset
select jobs.schedule('iso', 'P1DT2H') as iso \gset
select jobs.schedule('cron', '30 9 * * mon-fri', timezone => 'Europe/Rome', starts_at => '2030-01-01T00:00:00Z') as changed \gset
set search_path = '';
select jobs.set_test_clock('2030-01-01 09:00:00+00') \g /dev/null
select jobs.tick() \g /dev/null
set search_path = pg_temp;
select jobs.set_test_clock('2030-01-02 02:00:00+00') \g /dev/null
select jobs.tick() \g /dev/null
update jobs.schedule set timezone = 'Mars' where name = 'iso';
select jobs.set_test_clock('2030-01-03 04:00:00+00') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null

-- read back as somebody else would
reset all;
set search_path = tap, public;
select jobs.set_test_clock('2030-01-03 04:00:20+00') \g /dev/null
select is(array[:'created', :'any_case', :'interval', :'iso', :'changed'], '{created,created,created,created,changed}', 'schedules are made and changed');
select is((select next_runs[1] from jobs.list_schedules('cron')), '2030-01-03 08:30+00', 'fields and names are read');
select is((select next_runs[1] from jobs.list_schedules('any case')), '2030-01-08 09:00+00', 'in any collation');
select is((select next_runs[1] from jobs.list_schedules('interval')), '2030-01-04 06:00+00', 'and intervals');
select is((select jitter from jobs.list_schedules('interval')), '1 s', 'a jitter is an interval');
select is((select options #>> '{headers,due_at}' from jobs.job where options #>> '{headers,schedule}' = 'any case'), '2030-01-01T09:00:00.000000Z',
  'the time of a job is told in UTC');
select is((select count(*) from jobs.job where options #>> '{headers,schedule}' = 'interval'), 2::bigint, 'each time has its job');
select is((select error ->> 'sqlstate' from jobs.list_schedules('iso')), 'JB002', 'what fails says why');
select jobs.tick() \g /dev/null
select is((select (error ->> 'at')::timestamptz from jobs.list_schedules('iso')), '2030-01-03 04:00:20+00', 'and is tried again in time');
select is_consistent();
select * from finish();
