\ir lib/setup.sql
select plan(19);
select stop_the_clock();
create function stats(queue text, win interval default '1 hour') returns jsonb language plpgsql as $$
begin return (select to_jsonb(s) - 'queue' from jobs.stats(win) as s where s.queue = stats.queue); end $$;

select is(stats('default'), '{"paused": false, "blocked": 0, "ready": 0, "scheduled": 0, "running": 0, "completed": 0, "failed": 0, "dead": 0, "cancelled": 0,
  "skipped": 0, "discarded": 0, "oldest_ready_age": null, "oldest_due_age": null, "next_run_at": null, "pause_reason": null}', 'an empty queue');
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[100]), queue => 'q') \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3]), queue => 'q', delay => '3 hours') \g /dev/null
select jobs.enqueue('k', queue => 'q', delay => '2 hours') as next \gset
select advance('1 min');
create temporary table held as select row_number() over () as n, token, id from jobs.claim('{q}', max_jobs => 20);
create function t(n int) returns bigint language sql as $$ select token from held h where h.n = t.n $$;
select count(*) from jobs.complete_many(array(select token from held where n <= 5)) \g /dev/null
select jobs.fail(t(6), retry_in => '4 hours'), jobs.fail(t(7), retry_in => '4 hours'), jobs.fail(t(8), reason => 'aborted'), jobs.skip(t(9)), jobs.discard(t(10)) \g /dev/null
select jobs.cancel(id) from held where n = 11 \g /dev/null
select jobs.fail(t(11)) \g /dev/null
select is(stats('q') - 'next_run_at', '{"paused": false, "blocked": 0, "ready": 80, "scheduled": 6, "running": 9, "completed": 5, "failed": 2, "dead": 1, "cancelled": 1,
  "skipped": 1, "discarded": 1, "oldest_ready_age": "00:01:00", "oldest_due_age": "00:01:00", "pause_reason": null}', 'every number');
select is((stats('q') ->> 'next_run_at')::timestamptz, '2030-01-01 02:00+00', 'the next time');
select is((select array_agg(queue) from jobs.stats()), '{default,q}', 'a row per queue, by name');
select is((select sum(ready)::int from jobs.stats()), 80, 'jobs are counted once');

-- the window
select advance('59 min 59 s');
select is(stats('q') ->> 'completed', '5', 'what happened within the window counts');
select advance('2 s');
select is((stats('q') - '{oldest_ready_age,oldest_due_age,next_run_at,pause_reason}'::text[])::text, '{"dead": 0, "ready": 80, "failed": 0, "paused": false, "blocked": 0, "running": 9, "skipped": 0, "cancelled": 0, "completed": 0, "discarded": 0, "scheduled": 6}',
  'what happened before does not; what is there does');
select is(stats('q', '2 hours') ->> 'completed', '5', 'the window may be longer');

-- the age of the oldest
select is(stats('q') ->> 'oldest_ready_age', '01:01:01', 'the age is that of the job''s enqueuing');
select count(*) from jobs.cancel_many('q') \g /dev/null
select is(stats('q') ->> 'oldest_ready_age', null, 'nothing is ready, nothing has an age');
select jobs.enqueue('k', queue => 'q', delay => '1 hour') \g /dev/null
select advance('1 hour 10 s');
select jobs.tick() \g /dev/null
select is(stats('q') ->> 'ready', '10', 'a promoted job, and nine whose leases have ended, are ready');
select advance('5 s');
select is(stats('q') ->> 'oldest_ready_age', '00:00:05', 'and of their promotion');
select jobs.pause('q', reason => 'we move') \g /dev/null
select is(stats('q') ->> 'paused', 'true', 'a paused queue says so');
select is(stats('q') ->> 'pause_reason', 'we move', 'and why');

-- with more events than a page of the log, the window still begins where it should
select count(*) from (select jobs.enqueue('k', queue => 'busy') from generate_series(1, 1500)) as e \g /dev/null
select count(*) from jobs.complete_many(array(select token from jobs.claim('{busy}', max_jobs => 500))) \g /dev/null
select count(*) from generate_series(1, 700) as i cross join lateral (select jobs.complete(c.token) from jobs.claim('{busy}', max_jobs => least(i, 1)) as c) as d \g /dev/null
select advance('3 hours');
select count(*) from generate_series(1, 300) as i cross join lateral (select jobs.complete(c.token) from jobs.claim('{busy}', max_jobs => least(i, 1)) as c) as d \g /dev/null
select is(stats('busy') ->> 'completed', '300', 'of a long log only the window counts');
select is(stats('busy', '1 day') ->> 'completed', '1500', 'or all of it');
select is(stats('busy', '0') ->> 'completed', '300', 'a window of nothing is this moment');
select is(stats('busy', '100 years') ->> 'completed', '1500', 'a long one is no error');
select is_consistent();
select * from finish();
