\ir lib/setup.sql
select plan(17);
select stop_the_clock();
create function stats(kind text, win interval default '1 hour') returns jsonb language plpgsql as $$
begin return (select jsonb_strip_nulls(to_jsonb(s) - 'kind') from jobs.stats_by_kind(win) as s where s.kind = stats.kind); end $$;
create function due(queue text) returns text language sql as $$ select s.oldest_due_age::text from jobs.stats() as s where s.queue = due.queue $$;

select count(*) from jobs.enqueue_many('a', array_fill('{}'::jsonb, array[10]), queue => 'q') \g /dev/null
select count(*) from jobs.enqueue_many('b', array_fill('{}'::jsonb, array[4]), queue => 'q') \g /dev/null
select jobs.enqueue('b', queue => 'r'), jobs.enqueue('b', queue => 'r', delay => '2 hours'), jobs.pause(kind => 'c') from jobs.enqueue('c') \g /dev/null
select advance('1 min');
create temporary table held as select row_number() over () as n, token, kind from jobs.claim('{q}', max_jobs => 12);
create function t(n int) returns bigint language sql as $$ select token from held h where h.n = t.n $$;
select jobs.complete(t(1)), jobs.fail(t(2), retry_in => '4 hours'), jobs.fail(t(3), reason => 'aborted'), jobs.skip(t(4)), jobs.discard(t(12)) \g /dev/null
select is(stats('a'), '{"paused": false, "ready": 0, "scheduled": 1, "blocked": 0, "running": 6, "failed": 1, "dead": 1, "cancelled": 0, "skipped": 1, "discarded": 0, "next_run_at": "2030-01-01T04:01:00+00:00"}', 'what became of a kind');
select is(stats('b') - 'next_run_at', '{"paused": false, "ready": 3, "scheduled": 1, "blocked": 0, "running": 1, "failed": 0, "dead": 0, "cancelled": 0, "skipped": 0, "discarded": 1, "oldest_due_age": "00:01:00"}', 'across its queues, and of claims of several kinds');
select is(stats('c') ->> 'paused', 'true', 'a paused kind says so');
select is((select array_agg(kind) from jobs.stats_by_kind()), '{a,b,c}', 'a row per kind, by name');
select advance('1 hour');
select is(stats('a') ->> 'dead', '1', 'within the window');
select advance('1 s');
select is(stats('a') ->> 'dead', '0', 'not before it');
select is(stats('a', '2 hours') ->> 'dead', '1', 'which may be longer');

-- the oldest due age: what is scheduled for later is not due, what is past its time is
select is(due('r'), '01:01:01', 'a ready job has been due since its enqueuing');
select jobs.cancel(id) from jobs.list('ready', 'r') \g /dev/null
select is(due('r'), null, 'what is scheduled for later does not count');
select advance('1 hour');
select is(due('r'), '00:01:01', 'past its time it does, also before a tick');
select is(stats('b') ->> 'oldest_due_age', '02:01:01', 'the oldest of its kind');

-- workers
select is_empty('select * from jobs.list_workers() where name is not null', 'nobody is registered');
select is((select (id, name, live, running)::text from jobs.list_workers()), '(,,f,7)', 'claims that named no worker');
select jobs.reset_stale_claims() \g /dev/null
select jobs.register_worker('one', '{q}', '{a,b}', '{"pid": 1}', '{eu}') as one, jobs.register_worker('two') as two \gset
select jobs.enqueue('a', queue => 'z'), jobs.enqueue('a', queue => 'z') \g /dev/null
select count(*) from jobs.claim('{z}', :'one') \g /dev/null
select count(*) from jobs.claim('{z}', '00000000-0000-0000-0000-000000000007') \g /dev/null
select advance('5 s');
select is((select array_agg((name, running, live, claimed_at = jobs.now() - interval '5 s')::text) from jobs.list_workers()), '{"(one,1,t,t)","(two,0,t,)","(,1,f,t)"}', 'how many jobs each runs, and since when');
select is((select (queues, kinds, routing, info)::text from jobs.list_workers() where id = :'one'), '({q},"{a,b}",{eu},"{""pid"": 1}")', 'what each asks for');
select advance('10 min');
select is((select array_agg(live) from jobs.list_workers()), '{f,f,f}', 'who was not seen for long may be gone');
select is_consistent();
select * from finish();
