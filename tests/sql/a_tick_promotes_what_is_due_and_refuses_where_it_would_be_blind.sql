\ir lib/setup.sql
select plan(35);
select stop_the_clock();

select is(jobs.tick(), true, 'a tick ticks');
begin isolation level repeatable read;
select is(jobs.tick(), false, 'not in REPEATABLE READ');
commit;
begin isolation level serializable;
select is(jobs.tick(), false, 'nor in SERIALIZABLE');
commit;
begin;
select jobs.enqueue('k') as id \gset
select is(jobs.tick(), false, 'nor after a write in its transaction');
commit;
begin;
select 1 \g /dev/null
select is(jobs.tick(), true, 'after a mere read it does');
commit;

-- promotion
select jobs.enqueue('k', queue => 'q', delay => '10 s', priority => 4, max_attempts => 3, routing_key => 'eu', lease => '40 s') as due \gset
select jobs.enqueue('k', queue => 'q', delay => '11 s') as not_due \gset
select advance('9.999999 s');
select jobs.tick() \g /dev/null
select is(state(:due), 'scheduled', 'before its time a job waits');
select advance('0.000001 s');
select jobs.tick() \g /dev/null
select is(state(:due), 'ready', 'at its time it is ready');
select is(timeline(:due), 'enqueued 0, promoted 0', 'its event is promoted');
select is(at, jobs.now(), 'at that time') from jobs.history(:due) where type = 'promoted';
select is((select (priority, attempt, lease_ms, routing_key)::text from jobs.ready where :due = any(ids)), '(4,0,40000,eu)', 'with all that it had');
select is(state(:not_due), 'scheduled', 'the next one waits');
select jobs.tick() \g /dev/null
select is(timeline(:due), 'enqueued 0, promoted 0', 'it is promoted once');
select jobs.cancel_many('q') \g /dev/null

-- many at once: merged into blocks, in the order of their times
select count(*) from (select jobs.enqueue('k', jsonb_build_object('n', n), queue => 'm', delay => n * interval '1 s') from generate_series(1, 150) as n) as e \g /dev/null
select is((select count(*) from jobs.scheduled where queue_id = (select id from jobs.queue where name = 'm')), 150::bigint, '150 jobs wait, each for itself');
select advance('200 s');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.scheduled), 0::bigint, 'one tick promotes them all');
select ok(min(at) = max(at) and count(*) = 150, 'with an event for each') from jobs.job_event where type = 'promoted' and queue = 'm';
select is((select array_agg((args ->> 'n')::int) from jobs.claim('{m}', max_jobs => 150)), array(select generate_series(1, 150)), 'they are claimed in the order of their times');
select is_consistent();

-- a tick promotes 1,000 blocks at most; a claim does not wait for it
select count(*) from (select jobs.enqueue('k', queue => 'p', delay => '1 s') from generate_series(1, 1010)) as e \g /dev/null
select advance('2 s');
select jobs.tick() \g /dev/null
select is((select sum(cardinality(ids))::int from jobs.scheduled), 10, 'a tick promotes a bounded number');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.scheduled), 0::bigint, 'the next one goes on');
select is(cardinality(take(2000, '{p}')), 1010, 'all of them are ready');
select jobs.enqueue('k', queue => 'c', delay => '1 s') as by_claim \gset
select advance('2 s');
select is(take(1, '{c}'), array[:by_claim]::bigint[], 'a claim that finds nobody has ticked promotes what is due itself');
select jobs.enqueue('k', queue => 'c', delay => '1 s') as in_transaction \gset
select advance('2 s');
begin;
select jobs.enqueue('other') \g /dev/null
select is(take(1, '{c}'), array[:in_transaction]::bigint[], 'also in a transaction that may not tick');
commit;

-- a retry and a snooze come back the same way
select jobs.fail(token(:by_claim), retry_in => '5 s') \g /dev/null
select jobs.snooze(token(:in_transaction), '5 s') \g /dev/null
select advance('5 s');
select jobs.tick() \g /dev/null
select is(timeline(:by_claim), 'enqueued 0, promoted 0, claimed 1, failed 1, promoted 1', 'a failed job');
select is(timeline(:in_transaction), 'enqueued 0, promoted 0, claimed 1, snoozed 0, promoted 0', 'a snoozed one');

-- the marks
select count(*) from (select jobs.enqueue('k', queue => 'w', priority => n % 3) from generate_series(1, 900) as n) as e \g /dev/null
select is(cardinality(take(900, '{w}')), 900, '900 jobs are claimed');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is((select r.safe_pos from jobs.register r order by ver desc limit 1), (select r.pos from jobs.register r order by ver desc limit 1),
  'with nobody else at work every position is decided');
select is((select count(*) from jobs.register), 1::bigint, 'the register has one row');
select is((select max(n) from (select count(*) as n from jobs.lane group by queue_id) as l), 1::bigint, 'and each queue one');
select jobs.enqueue('k', queue => 'w', priority => 1) as next \gset
select is(take(5, '{w}'), array[:next]::bigint[], 'a job that comes after is found');
select is_consistent();

-- a clock that is set back
select jobs.enqueue('k', delay => '1 hour') as id \gset
select jobs.enqueue('k', queue => 'back') as back \gset
select advance('-1 day');
select is(jobs.tick(), true, 'a clock that was set back does not stop the ticks');
select is(take(5, '{back}'), array[:back]::bigint[], 'nor the claims');
select is(state(:id), 'scheduled', 'it delays what is scheduled, no more');
select advance('1 day 2 hours');
select jobs.tick() \g /dev/null
select is(state(:id), 'ready', 'until its time has come');
select is_consistent();
select * from finish();
