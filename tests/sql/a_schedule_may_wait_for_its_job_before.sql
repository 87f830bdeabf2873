\ir lib/setup.sql
select plan(27);
set timezone = 'UTC';
select stop_the_clock();

create function due_of(schedule text) returns text language sql as $$
  select coalesce(string_agg(to_char((j.options #>> '{headers,due_at}')::timestamptz, 'HH24:MI'), ', ' order by j.id), 'none')
  from jobs.job j where j.options #>> '{headers,schedule}' = due_of.schedule $$;
create function history_of(schedule text) returns text language sql as $$
  select string_agg(to_char(h.due_at, 'HH24:MI') || coalesce(' ' || h.skipped, ''), ', ' order by h.due_at)
  from jobs.schedule_history(history_of.schedule, 100) as h $$;
create procedure go(by interval) language plpgsql as $$ begin perform advance(by); commit; perform jobs.tick(); end $$;
create procedure note_xid(call text) language plpgsql as $$
begin
  execute call;
  perform set_config('test.xid', coalesce(pg_current_xact_id_if_assigned()::text, 'none'), false);
end $$;

select jobs.schedule('allow', '* * * * *') \g /dev/null
select jobs.schedule('skip', '* * * * *', overlap => 'skip') \g /dev/null
select jobs.schedule('queue', '* * * * *', overlap => 'queue') \g /dev/null
select jobs.schedule('queue all', '* * * * *', overlap => 'queue', catch_up => 'all') \g /dev/null
call go('1 min');
call go('1 min');
select is(due_of('allow'), '00:01, 00:02', 'by default a job does not wait for the one before');
select is(due_of('skip'), '00:01', 'skip leaves a time out while the job before has not ended');
select is(history_of('skip'), '00:01, 00:02 overlap', 'which is noted');
select is(due_of('queue'), '00:01', 'queue keeps it');
select is(history_of('queue'), '00:01, 00:02 queued', 'which is noted, too');
select is((select next_runs[1] from jobs.list_schedules('queue')), '2030-01-01 00:02+00', 'it is the next to come');
select array_agg(id) as taken from jobs.claim(max_jobs => 9, lease => '1 hour') \gset
call go('1 min');
select is(due_of('skip'), '00:01', 'a running job has not ended');
select jobs.pause(schedule => 'allow') \g /dev/null
select jobs.pause(schedule => 'skip') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
call note_xid('select jobs.tick()');
select is(current_setting('test.xid'), 'none', 'a tick at which it still waits writes nothing');
select jobs.resume(schedule => 'skip') \g /dev/null
call go('10 min 30 s');
select is(due_of('queue'), '00:01', 'it waits for as long as it takes');

select jobs.complete(token(id)) from unnest(:'taken'::bigint[]) as id \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('queue'), '00:01, 00:02', 'and comes when the job before has ended, however late');
select is(history_of('queue'), '00:01, 00:02, 00:03 missed, 00:13 queued', 'what was due meanwhile is left out, by default');
select is(due_of('queue all'), '00:01, 00:02', 'the same if it is not');
select is(history_of('queue all'), '00:01, 00:02, 00:03 queued', 'then each waits for its turn');
select is(due_of('skip'), '00:01', 'what skip has left out is not made up for');
select jobs.complete(c.token) from jobs.claim(kinds => array['queue', 'queue all'], max_jobs => 9) as c \g /dev/null
select jobs.tick() \g /dev/null
select is(due_of('queue'), '00:01, 00:02, 00:13', 'and so on');
select is(due_of('queue all'), '00:01, 00:02, 00:03', 'one at a time');

-- which ends are ends
select jobs.pause(schedule => name) from jobs.list_schedules() where name <> 'skip' \g /dev/null
call go('1 min');
select jobs.fail(c.token, '{"message": "x"}', '1 hour') from jobs.claim(kinds => '{skip}') as c \g /dev/null
call go('1 min');
select is(due_of('skip'), '00:01, 00:14', 'a job that will be tried again has not ended');
select jobs.cancel((select last_job from jobs.list_schedules('skip'))) \g /dev/null
call go('1 min');
select is(due_of('skip'), '00:01, 00:14, 00:16', 'one that was cancelled has');

-- by hand
select jobs.run_schedule('skip') as ran \gset
select isnt((select last_job from jobs.list_schedules('skip')), :ran::bigint, 'run_schedule does not wait, and what is waited for stays the first');
select jobs.cancel((select last_job from jobs.list_schedules('skip'))) \g /dev/null
select jobs.run_schedule('skip') as ran \gset
select is((select last_job from jobs.list_schedules('skip')), :ran::bigint, 'if that has ended it is the one by hand');
call go('1 min');
select is(history_of('skip') ~ '00:17 overlap$', true, 'for which the next time waits');

-- what waits, and is no more wanted
select jobs.resume(schedule => 'queue') \g /dev/null
call go('1 min');
select is(history_of('queue') ~ '00:18 queued$', true, 'one waits again');
select jobs.pause(schedule => 'queue') \g /dev/null
select jobs.resume(schedule => 'queue') \g /dev/null
select is(history_of('queue') ~ '00:18 missed$', true, 'a pause ends the wait');
call go('1 min');
select is(history_of('queue') ~ '00:19 queued$', true, 'another waits');
select is(jobs.schedule('queue', '*/5 * * * *', overlap => 'queue'), 'changed', 'other times');
select is(history_of('queue') ~ '00:19 missed$', true, 'end it, too');
select is_consistent();
select * from finish();
