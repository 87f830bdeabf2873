\ir lib/setup.sql
select plan(22);
set timezone = 'UTC';
select stop_the_clock();

create function due_of(schedule text) returns text language sql as $$
  select coalesce(string_agg(to_char((j.options #>> '{headers,due_at}')::timestamptz, 'DD HH24:MI'), ', ' order by j.id), 'none')
  from jobs.job j where j.options #>> '{headers,schedule}' = due_of.schedule $$;
create function history_of(schedule text) returns text language sql as $$
  select string_agg(to_char(h.due_at, 'DD HH24:MI') || coalesce(' ' || h.skipped, ''), ', ' order by h.due_at)
  from jobs.schedule_history(history_of.schedule, 100) as h $$;

select jobs.schedule('skip', '0 * * * *') \g /dev/null
select jobs.schedule('once', '0 * * * *', catch_up => 'once') \g /dev/null
select jobs.schedule('all', '0 * * * *', catch_up => 'all') \g /dev/null
select advance('1 hour 1 min') \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('skip'), '01 01:00', 'a minute late is on time');
select advance('1 hour 1 s') \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('skip'), '01 01:00', 'more is not: by default the time is left out');
select is(history_of('skip'), '01 01:00, 01 02:00 missed', 'which is noted');
select is(due_of('once'), '01 01:00, 01 02:00', 'or made up for');
select is(due_of('all'), '01 01:00, 01 02:00', 'in either way');
select advance('5 hours') \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('skip'), '01 01:00', 'many that nobody ticked at are left out');
select is(history_of('skip'), '01 01:00, 01 02:00 missed, 01 03:00 missed', 'noted is the first');
select is(due_of('once'), '01 01:00, 01 02:00, 01 07:00', 'or made up for by one job, of the last');
select is(history_of('once'), '01 01:00, 01 02:00, 01 03:00 missed, 01 07:00', 'noted are the first and the last');
select is(due_of('all'), '01 01:00, 01 02:00, 01 03:00, 01 04:00, 01 05:00, 01 06:00, 01 07:00', 'or by one each');
select jobs.set_test_clock('2030-01-01 09:00:30+00') \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('skip'), '01 01:00, 01 09:00', 'the one that is on time is not left out with them');
select is(due_of('once'), '01 01:00, 01 02:00, 01 07:00, 01 09:00', 'nor doubled');
select is((select array_agg(next_runs[1]) from jobs.list_schedules()), '{2030-01-01 10:00+00,2030-01-01 10:00+00,2030-01-01 10:00+00}', 'all go on at the next time');

-- years of it
select jobs.unschedule(name) from jobs.list_schedules() \g /dev/null
select jobs.schedule('skip years', '* * * * * *') \g /dev/null
select jobs.schedule('once years', '*/10 9 * * *', catch_up => 'once') \g /dev/null
select jobs.schedule('all years', '1 minute', catch_up => 'all') \g /dev/null
select jobs.schedule('over', '* * * * *', catch_up => 'once', ends_at => '2031-02-03 04:05:06+00') \g /dev/null
select jobs.set_test_clock('2040-01-01 08:00:00+00') \g /dev/null
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.job j where j.options #>> '{headers,schedule}' = 'skip years'), 61::bigint, 'of every second of ten years the last minute''s are left');
select is(due_of('once years'), '31 09:50', 'the last time is found');
select is((select next_runs[1] from jobs.list_schedules('once years')), '2040-01-01 09:00+00', 'and the next');
select is(due_of('over'), '03 04:05', 'also the last of one that is over');
select is((select count(*) from jobs.job j where j.options #>> '{headers,schedule}' = 'all years'), 100::bigint, 'a tick makes up for a hundred times at most');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.job j where j.options #>> '{headers,schedule}' = 'all years'), 200::bigint, 'and the next for as many');
select is((select count(*) from jobs.schedule_history('all years', 100)), 100::bigint, 'a hundred of which are told');
select is((select max(n) from (select count(*) as n from jobs.schedule_run group by schedule_id) as c), 100::bigint, 'and kept');
select is_consistent();
select * from finish();
