\ir lib/setup.sql
select plan(20);
select stop_the_clock();

-- one block of ten, claimed whole; every outcome there is
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[10])) \gset
create temporary table held as select row_number() over () as n, token, id from jobs.claim(max_jobs => 10);
select is((select count(*) from jobs.lease), 1::bigint, 'ten jobs, one lease');
create function t(n int) returns bigint language sql as $$ select token from held h where h.n = t.n $$;
create function j(n int) returns bigint language sql as $$ select id from held h where h.n = j.n $$;
select is(jobs.fail(t(4), '"no"', '1 day'), 'scheduled', 'one fails');
select is(jobs.complete(t(7)), 'completed', 'one completes');
select is(jobs.snooze(t(1), '1 hour'), 'scheduled', 'one is snoozed');
select is(jobs.skip(t(10)), 'skipped', 'one is skipped');
select is(jobs.discard(t(2)), 'discarded', 'one is discarded');
select is(jobs.release(t(9)), 'ready', 'one is released');
select is(jobs.fail(t(3), reason => 'aborted'), 'dead', 'one is dead');
select is(jobs.cancel(j(5)) || ', ' || jobs.fail(t(5)), 'cancel_requested, cancelled', 'one is cancelled');
select is(array(select state(id) from held order by n),
  '{scheduled,discarded,dead,scheduled,cancelled,running,completed,running,ready,skipped}', 'each is what it should be');
select is((select count(*) from jobs.lease), 1::bigint, 'the lease still holds the two that run');

-- its worker dies: only the unfinished come back
select advance('31 s');
select is(array(select (id, attempt, status, reason)::text from jobs.reset_stale_claims()),
  array[format('(%s,1,ready,)', j(6)), format('(%s,1,ready,)', j(8))], 'when the lease ends, only the unfinished half comes back');
select is(array(select state(id) from held order by n),
  '{scheduled,discarded,dead,scheduled,cancelled,ready,completed,ready,ready,skipped}', 'the others stay what they were');
select is((select count(*) from jobs.lease), 0::bigint, 'and the lease is gone');
select is(take(9), array[j(9), j(6), j(8)], 'what is ready is claimed again, in the order in which it became so');
select is((select array_agg(status order by token) from jobs.complete_many(array(select t(n) from generate_series(1, 10) as n))),
  '{stale,stale,stale,stale,stale,stale,already_done,stale,stale,stale}', 'with the old tokens only what was completed is done');
select is(array(select status from jobs.complete_many(array[token(j(6)), token(j(8)), token(j(9))])), '{}',
  'with the new ones the rest is completed');
select is(timeline(j(6)), 'enqueued 0, claimed 1, expired 1, claimed 2, completed 2', 'the timeline of one that was lost');
select is(timeline(j(9)), 'enqueued 0, claimed 1, released 0, claimed 1, completed 1', 'and of the one that was released');
select is_consistent();
select * from finish();
