\ir lib/setup.sql
select plan(51);
set timezone = 'UTC';
select stop_the_clock();

create function jobs_of(schedule text) returns bigint language sql as $$
  select count(*) from jobs.job j where j.options #>> '{headers,schedule}' = jobs_of.schedule $$;
create function next_of(schedule text) returns timestamptz language sql as $$
  select next_runs[1] from jobs.list_schedules(next_of.schedule) $$;
create procedure note_xid(call text) language plpgsql as $$
begin
  execute call;
  perform set_config('test.xid', coalesce(pg_current_xact_id_if_assigned()::text, 'none'), false);
end $$;

select jobs.schedule('report', '*/5 * * * *', 'mail_report', '{"to": "ops"}', 'mail', 7) \g /dev/null
select is(next_of('report'), '2030-01-01 00:05+00', 'the first time is the next one that fits');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 0::bigint, 'before it there is no job');
select advance('4 min 59 s') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 0::bigint, 'nor a second before it');

-- between its times an idle system writes nothing
select advance('-1 s') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
call note_xid('select jobs.tick()');
select is(current_setting('test.xid'), 'none', 'a tick between times takes no transaction id');

select advance('2 s') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 1::bigint, 'then there is one, however often is ticked');
select is(jobs.get(j.id) - '{id,created_at,at,result,error,lease,timeout,attempt,max_attempts,claims,reason}'::text[] ->> 'queue', 'mail', 'in its queue')
from jobs.job j;
select is((job(id) ->> 'kind', job(id) -> 'args', job(id) ->> 'priority')::text, '(mail_report,"{""to"": ""ops""}",7)', 'of its kind, with its arguments and priority')
from jobs.job;
select is(options -> 'headers', '{"schedule": "report", "due_at": "2030-01-01T00:05:00.000000Z"}', 'its headers say whose it is and of which time')
from jobs.job;
select is(created_at, '2030-01-01 00:05+00', 'it is made when the time comes') from jobs.job;
select is(next_of('report'), '2030-01-01 00:10+00', 'the schedule goes on');
select results_eq($$select due_at, at, job_id, state, skipped from jobs.schedule_history('report')$$,
  $$select '2030-01-01 00:05+00'::timestamptz, '2030-01-01 00:05+00'::timestamptz, min(id), 'ready', null::text from jobs.job$$, 'history tells');
select is((select (last_job, last_state)::text from jobs.list_schedules('report')), (select format('(%s,ready)', min(id)) from jobs.job), 'the list, too');
select is(take(kinds => '{mail_report}'), (select array_agg(id) from jobs.job), 'it is a job like any other');

-- what makes a time's job one
update jobs.schedule set next_at = '2030-01-01 00:05+00';
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 1::bigint, 'a time that has had its job never has another');
select is(next_of('report'), '2030-01-01 00:10+00', 'it is passed over');
begin;
select advance('5 min') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 2::bigint, 'a tick makes the job');
rollback;
select is(jobs_of('report'), 1::bigint, 'which is gone if the tick is undone');
select is(next_of('report'), '2030-01-01 00:10+00', 'and so is the time''s passing');
select jobs.set_test_clock('2030-01-01 00:10:00+00') \g /dev/null
select jobs.maintain() \g /dev/null
select is(jobs_of('report'), 2::bigint, 'maintain ticks');
select jobs.unschedule('report') \g /dev/null
select is(jobs_of('report'), 2::bigint, 'jobs outlive their schedule');
select is((select count(*) from jobs.schedule_run), 0::bigint, 'its history does not');
select advance('5 min') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('report'), 2::bigint, 'and no more are made');

-- where it begins and ends
select jobs.set_test_clock('2030-02-01 00:00:00+00') \g /dev/null
select jobs.schedule('window', '*/10 * * * *', starts_at => '2030-02-01 01:00+00', ends_at => '2030-02-01 01:20+00') \g /dev/null
select is((select next_runs from jobs.list_schedules('window')), '{2030-02-01 01:00+00,2030-02-01 01:10+00,2030-02-01 01:20+00}', 'the ends belong to it');
select jobs.schedule('odd', '*/10 * * * *', starts_at => '2030-02-01 01:00:00.5+00') \g /dev/null
select is(next_of('odd'), '2030-02-01 01:10+00', 'nothing is before the beginning, by however little');
select jobs.unschedule('odd') \g /dev/null
select jobs.set_test_clock('2030-02-01 01:20:00+00') \g /dev/null
update jobs.schedule set catch_up = 'all';
select jobs.tick() \g /dev/null
select is(jobs_of('window'), 3::bigint, 'each of its times has had a job');
select is((select next_runs from jobs.list_schedules('window')), '{}', 'then it is over');
select advance('1 day') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('window'), 3::bigint, 'for good');
select jobs.schedule('from', '1 hour', starts_at => '2030-02-03 00:30+00') \g /dev/null
select is((select next_runs[1:2] from jobs.list_schedules('from')), '{2030-02-03 00:30+00,2030-02-03 01:30+00}', 'an interval''s first time is its beginning');
select jobs.schedule('since', '1 hour') \g /dev/null
select is(next_of('since'), '2030-02-02 02:20+00', 'without one it counts from now');
select advance('30 min') \g /dev/null
select is(jobs.schedule('since', '1 hour', args => '{"n": 1}'), 'changed', 'what does not concern its times');
select is(next_of('since'), '2030-02-02 02:20+00', 'leaves them');
select is(jobs.schedule('since', '2 hours'), 'changed', 'another interval');
select is(next_of('since'), '2030-02-02 03:20+00', 'counts from when it was made');
select is(jobs.unschedule('since') and jobs.unschedule('from') and jobs.unschedule('window'), true, 'away with them');

-- jitter
select jobs.set_test_clock('2030-03-01 00:00:00+00') \g /dev/null
select jobs.schedule('jitter', '1 minute', jitter => '10 min', catch_up => 'all') \g /dev/null
select advance('50 min') \g /dev/null
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.job_state s join jobs.job j using (id) where j.kind_id = (select id from jobs.kind where name = 'jitter')
    and coalesce(s.run_at, jobs.now()) between jobs.now() and jobs.now() + interval '10 min'), 50::bigint, 'jobs wait up to the jitter');
select ok((select count(distinct s.run_at) from jobs.job_state s join jobs.job j using (id)
  where j.kind_id = (select id from jobs.kind where name = 'jitter')) > 40, 'each another part of it');
select jobs.unschedule('jitter') \g /dev/null

-- pause and resume
select jobs.set_test_clock('2030-04-01 00:00:00+00') \g /dev/null
select jobs.schedule('paused', '* * * * *', catch_up => 'all') \g /dev/null
select jobs.pause(schedule => 'paused') \g /dev/null
select is((select (paused, next_runs)::text from jobs.list_schedules('paused')), '(t,{})', 'a paused schedule has no next times');
select advance('10 min') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('paused'), 0::bigint, 'it makes no jobs');
select is(jobs.schedule('paused', '*/2 * * * *', catch_up => 'all'), 'changed', 'it may be changed');
select is((select paused from jobs.list_schedules('paused')), true, 'and remains paused');
select jobs.resume(schedule => 'paused') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('paused'), 0::bigint, 'once resumed, it does not make up for the pause');
select is(next_of('paused'), '2030-04-01 00:12+00', 'but goes on');
select advance('2 min') \g /dev/null
select jobs.resume(schedule => 'paused') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('paused'), 1::bigint, 'to resume it again loses no time');

-- by hand
select jobs.pause(schedule => 'paused') \g /dev/null
select jobs.run_schedule('paused') as ran \gset
select is(state(:ran), 'ready', 'run_schedule makes a job now, also of one that is paused');
select is(jobs_of('paused'), 2::bigint, 'besides the others');
select is((select options #>> '{headers,due_at}' from jobs.job where id = :ran), '2030-04-01T00:12:00.000000Z', 'its time is now');
select is((select count(*) from jobs.schedule_history('paused')), 1::bigint, 'which is none of the schedule''s');
select jobs.resume(schedule => 'paused') \g /dev/null
select is(next_of('paused'), '2030-04-01 00:14+00', 'nor does it change them');
select jobs.schedule('late', '0 9 * * *', jitter => '10 days') \g /dev/null
select is(state(jobs.run_schedule('late')), 'ready', 'and it does not wait for the jitter');
select is((select last_state from jobs.list_schedules('late')), 'ready', 'it is the last job');
select is_consistent();
select * from finish();
