\ir lib/setup.sql
select plan(20);
set timezone = 'UTC';
select stop_the_clock();

create function jobs_of(schedule text) returns bigint language sql as $$
  select count(*) from jobs.job j where j.options #>> '{headers,schedule}' = jobs_of.schedule $$;
create procedure note_xid(call text) language plpgsql as $$
begin
  execute call;
  perform set_config('test.xid', coalesce(pg_current_xact_id_if_assigned()::text, 'none'), false);
end $$;

select jobs.schedule('before', '* * * * *') \g /dev/null
select jobs.schedule('fails', '* * * * *', catch_up => 'all', args => to_jsonb(array(select gen_random_uuid() from generate_series(1, 200)))) \g /dev/null
select jobs.schedule('now and after', '* * * * *') \g /dev/null
update jobs.setting set max_args_bytes = 3000;
select advance('1 min') \g /dev/null
select is(jobs.tick(), true, 'a tick at which a schedule fails is one');
select is(jobs_of('fails'), 0::bigint, 'it has no job');
select is((select (error ->> 'sqlstate', (error ->> 'at')::timestamptz, error ->> 'message' ~ 'args')::text from jobs.list_schedules('fails')),
  '(JB003,"2030-01-01 00:01:00+00",t)', 'and says why');
select is(jobs_of('before') + jobs_of('now and after'), 2::bigint, 'the others have theirs');
select is((select count(*) from jobs.list_schedules() where error is not null), 1::bigint, 'and no error');
select is((select count(*) from jobs.schedule_history('fails')), 0::bigint, 'its time has not passed');
select is((select next_runs[1] from jobs.list_schedules('fails')), '2030-01-01 00:01+00', 'and remains the next');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
call note_xid('select jobs.tick()');
select is(current_setting('test.xid'), 'none', 'it is not tried at every tick');
select advance('10 s 1 ms') \g /dev/null
select jobs.tick() \g /dev/null
select is((select (error ->> 'at')::timestamptz from jobs.list_schedules('fails')), '2030-01-01 00:01:10.001+00', 'but after 10 s');
select jobs.set_test_clock('2030-01-01 00:01:05+00') \g /dev/null
select jobs.tick() \g /dev/null
select is((select (error ->> 'at')::timestamptz from jobs.list_schedules('fails')), '2030-01-01 00:01:05+00', 'a clock that is set back does not keep it');
update jobs.setting set max_args_bytes = 1000000;
select advance('11 s') \g /dev/null
select jobs.tick() \g /dev/null
select is(jobs_of('fails'), 1::bigint, 'once it can be made there is a job of that time');
select is((select error from jobs.list_schedules('fails')), null, 'and no error any more');

-- mended by hand, or undone
update jobs.setting set max_args_bytes = 3000;
select advance('1 min') \g /dev/null
select jobs.tick() \g /dev/null
select isnt((select error from jobs.list_schedules('fails')), null, 'it fails again');
select is(jobs.schedule('fails', '* * * * *', catch_up => 'all', args => '{"less": true}'), 'changed', 'less is asked of it');
select is((select error from jobs.list_schedules('fails')), null, 'then it is forgotten');
select jobs.tick() \g /dev/null
select is(jobs_of('fails'), 2::bigint, 'and it goes on at once');

-- a time zone that a newer release of Postgres has no more
update jobs.schedule set timezone = 'Europe/Atlantis' where name = 'before';
select advance('1 min') \g /dev/null
select jobs.tick() \g /dev/null
select is((select (next_runs, error ->> 'sqlstate')::text from jobs.list_schedules('before')), '({},JB002)', 'one whose times cannot be told is listed with its error');
select is((select count(*) from jobs.list_schedules()), 3::bigint, 'with the others');
select is(jobs_of('now and after'), 3::bigint, 'which go on');
select is_consistent();
select * from finish();
