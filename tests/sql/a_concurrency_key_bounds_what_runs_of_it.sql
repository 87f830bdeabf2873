\ir lib/setup.sql
select plan(26);
select stop_the_clock() \g /dev/null

select array_agg(id) as x from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[4]), concurrency_key => 'x') \gset
select jobs.enqueue('k', concurrency_key => 'y') as y, jobs.enqueue('k') as free \gset
select is(take(9), (:'x'::bigint[])[1:1] || array[:y, :free]::bigint[], 'one of each key, and those without');
select jobs.complete_many(array[token(:y), token(:free)]) \g /dev/null
select is(state((:'x'::bigint[])[2]), 'blocked', 'the others are blocked');
select is(job((:'x'::bigint[])[2]) ->> 'blocked', 'concurrency_key', 'and say by what');
select is((select blocked from jobs.stats()), 3::bigint, 'stats counts them');
select is((select count(*) from jobs.list('blocked')), 3::bigint, 'list lists them');
select is(take(9), '{}', 'no claim meets them again');
select jobs.complete(token((:'x'::bigint[])[1])) \g /dev/null
select is(state((:'x'::bigint[])[2]), 'ready', 'the end of one makes the next ready, in its transaction');
select is(take(9), (:'x'::bigint[])[2:2], 'it starts');
select jobs.fail(token((:'x'::bigint[])[2]), retry_in => '1 h') \g /dev/null
select is(take(9), (:'x'::bigint[])[3:3], 'a failure lets the next go first');
select jobs.cancel((:'x'::bigint[])[4]) \g /dev/null
select is(state((:'x'::bigint[])[4]), 'cancelled', 'a blocked job may be cancelled');
select advance('31 s') \g /dev/null
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is(take(1), array[(:'x'::bigint[])[3]], 'a lost lease leaves nothing behind');
select advance('2 h') \g /dev/null
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is(cardinality(take(9, null, '{k}')), 1, 'one of x runs');

-- more at a time; priority, then age, decides who is next
select jobs.configure_queue('two', max_running_per_key => 2) \g /dev/null
select jobs.enqueue('k', queue => 'two', concurrency_key => 'x') as a, jobs.enqueue('k', queue => 'two', concurrency_key => 'x') as b,
  jobs.enqueue('k', queue => 'two', concurrency_key => 'x') as c, jobs.enqueue('k', queue => 'two', concurrency_key => 'x') as d,
  jobs.enqueue('k', queue => 'two', concurrency_key => 'x', priority => -5) as low \gset
select jobs.tick() \g /dev/null
select is(take(9, '{two}'), array[:a, :b]::bigint[], 'two at a time; a key is of its queue');
select jobs.discard(token(:b)) \g /dev/null
select is(take(9, '{two}'), array[:c]::bigint[], 'the oldest is next');
select jobs.complete_many(array[token(:a), token(:c)]) \g /dev/null
select is(take(9, '{two}'), array[:d, :low]::bigint[], 'then as many as have ended, the highest priority first');

-- claimed by id
select jobs.enqueue('k', queue => 'two', concurrency_key => 'z') as z1, jobs.enqueue('k', queue => 'two', concurrency_key => 'z') as z2,
  jobs.enqueue('k', queue => 'two', concurrency_key => 'z') as z3 \gset
select take(9, '{two}') \g /dev/null
select is((select status from jobs.claim_job(:z3)), 'blocked', 'what is blocked is not claimed by its id');
select jobs.complete(token(:z1)) \g /dev/null
select is(take(9, '{two}'), array[:z3]::bigint[], 'it comes when it may');

-- whoever missed something: maintain finds it
select jobs.enqueue('k', queue => 'two', concurrency_key => 'm') from generate_series(1, 3) \g /dev/null
select take(9, '{two}') \g /dev/null
delete from jobs.lease l using jobs.key_claim c where c.claim = l.claim and c.key = 'm' \g /dev/null
select is(take(9, '{two}'), '{}', 'a release that was missed');
select jobs.maintain() \g /dev/null
select is(cardinality(take(9, '{two}')), 1, 'is made up for by maintain');

-- locks are few
select count(*) from jobs.enqueue_many((select jsonb_agg(jsonb_build_object('kind', 'k', 'queue', 'keys', 'concurrency_key', 'k' || n))
  from generate_series(1, 700) as n)) \g /dev/null
begin;
select cmp_ok(cardinality(take(1000, '{keys}')), '<', 550, 'one claim looks at some 500 keys');
select cmp_ok((select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' and classid = 29818)::int, '<', 550, 'which are as many locks');
commit;

select refuses($$select jobs.enqueue('k', concurrency_key => '')$$, 'JB002', 'an empty key', 'concurrency_key is empty', '1 to 1024');
select refuses($$select jobs.enqueue('k', concurrency_key => repeat('x', 1025))$$, 'JB002', 'a long key', 'concurrency_key is empty or over', '1 to 1024');
begin isolation level repeatable read;
select jobs.enqueue('k', queue => 'rr', concurrency_key => 'x') \g /dev/null
select refuses($$select * from jobs.claim('{rr}')$$, 'JB002', 'a claim that cannot see others'' is refused', 'outside of READ COMMITTED', 'autocommit');
rollback;
select is((select count(*) from jobs.line where id not in (select id from jobs.job_state where state in ('ready', 'blocked', 'scheduled'))), 0::bigint,
  'nobody who has ended is in a line');
select is((select count(*) from jobs.verify() where problem not like 'lost%'), 0::bigint, 'log and tables agree but for the leases that were deleted');
select * from finish();
