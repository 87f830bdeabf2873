\ir lib/setup.sql
select plan(13);
set timezone = 'UTC';
select stop_the_clock();

select is_empty($$select * from jobs.list_schedules()$$, 'none yet');
select jobs.schedule('weekly', '@weekly') \g /dev/null
select jobs.schedule('Monthly', '0 6 L * *', timezone => 'Asia/Kathmandu') \g /dev/null
select jobs.schedule('twice', '1 hour', starts_at => '2030-01-01 12:00+00', ends_at => '2030-01-01 13:30+00') \g /dev/null
select is((select array_agg(name) from jobs.list_schedules()), (select array_agg(name order by name) from jobs.schedule), 'by name');
select is((select next_runs from jobs.list_schedules('weekly')), '{2030-01-06,2030-01-13,2030-01-20,2030-01-27,2030-02-03}', 'five times');
select is((select next_runs from jobs.list_schedules('Monthly')),
  '{2030-01-31 00:15+00,2030-02-28 00:15+00,2030-03-31 00:15+00,2030-04-30 00:15+00,2030-05-31 00:15+00}', 'on the clock of the zone');
select is((select next_runs from jobs.list_schedules('twice')), '{2030-01-01 12:00+00,2030-01-01 13:00+00}', 'or as many as there are');
select is((select (last_job, last_state, error)::text from jobs.list_schedules('weekly')), '(,,)', 'nothing has run');
select is((select (kind, args, queue, priority, catch_up, overlap, jitter)::text from jobs.list_schedules('weekly')), '(weekly,{},,,skip,allow,)', 'what was not given is what it says');

-- history
select jobs.set_test_clock('2030-01-01 13:00:00+00') \g /dev/null
select jobs.tick() \g /dev/null
select is((select array_agg(to_char(due_at, 'HH24:MI') || coalesce(' ' || skipped, '') order by nth) from jobs.schedule_history('twice') with ordinality
  as h(due_at, at, job_id, state, skipped, nth)), '{13:00,"12:00 missed"}', 'history is told newest first');
select is((select count(*) from jobs.schedule_history('twice', 1)), 1::bigint, 'and as much of it as is asked for');
select refuses($$select * from jobs.schedule_history('twice', 0)$$, 'JB002', 'none', 'max_runs is 0', 'between 1 and 100');
select refuses($$select * from jobs.schedule_history('twice', 101)$$, 'JB002', 'more than is kept', 'max_runs is 101', 'between 1 and 100');
select refuses($$select * from jobs.schedule_history('twice', null)$$, 'JB002', 'or null', 'max_runs is', 'between 1 and 100');

begin read only;
select count(*) from jobs.list_schedules() \g /dev/null
select count(*) from jobs.schedule_history('twice') \g /dev/null
select jobs.next_run('* * * * *') \g /dev/null
commit;
select pass('list_schedules, schedule_history and next_run run in a read-only transaction');
select * from finish();
