\ir lib/setup.sql
select plan(22);
select stop_the_clock() \g /dev/null

select jobs.configure_queue('q', rate => 2, burst => 4) \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[20]), queue => 'q') \g /dev/null
select is(cardinality(take(10, '{q}')), 4, 'a burst starts at once');
select is(cardinality(take(10, '{q}')), 0, 'then nothing');
select advance('1 s') \g /dev/null
select is(cardinality(take(10, '{q}')), 2, 'after a second, what flows in a second');
select advance('0.4 s') \g /dev/null
select is(cardinality(take(1, '{q}')), 0, 'four fifths of a start are none');
select advance('0.2 s') \g /dev/null
select is(cardinality(take(10, '{q}')), 1, 'and are not lost');
select advance('1 h') \g /dev/null
select is(cardinality(take(10, '{q}')), 4, 'a bucket never holds more than a burst');
begin;
select advance('2 s') \g /dev/null
select is(cardinality(take(10, '{q}')), 4, 'a claim');
rollback;
select advance('2 s') \g /dev/null
select is(cardinality(take(10, '{q}')), 4, 'that is rolled back has spent nothing');

-- a kind; by default the burst is the rate, rounded up
select jobs.configure_kind('mail', rate => 1.5) \g /dev/null
select count(*) from jobs.enqueue_many('mail', array_fill('{}'::jsonb, array[5])) \g /dev/null
select jobs.enqueue('other') as other \gset
select is(take(5, '{default}'), (select array_agg(id order by (kind = 'other'), id) from (
  (select id, 'mail' as kind from jobs.list(kind => 'mail') order by id limit 2) union all select :other, 'other') as l),
  'two mails, and past the others');
select is(cardinality(take(5, '{default}')), 0, 'no third');

-- a key: what must wait has its time, and is not in the way
select jobs.configure_queue('p', rate_per_key => 10, burst_per_key => 1, max_running_per_key => 100) \g /dev/null
select array_agg(id) as z from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3]), queue => 'p', concurrency_key => 'z') \gset
select jobs.enqueue('k', queue => 'p', concurrency_key => 'y') as y \gset
select is(take(9, '{p}'), (:'z'::bigint[])[1:1] || :y::bigint, 'one of each key');
select is(state((:'z'::bigint[])[2]), 'scheduled', 'the next has a time');
select is((select run_at - jobs.now() from jobs.job_state where id = (:'z'::bigint[])[3]), '0.2 s', 'and the one after it');
select is(timeline((:'z'::bigint[])[3]), 'enqueued 0, blocked 0', 'the log says so');
select advance('0.1 s') \g /dev/null
select is(take(9, '{p}'), (:'z'::bigint[])[2:2], 'at its time it starts');
select jobs.enqueue('k', queue => 'p', concurrency_key => 'z') as late \gset
select is(take(9, '{p}'), '{}', 'a newer one does not overtake what is promised');
select is((select run_at - jobs.now() from jobs.job_state where id = :late), '0.2 s', 'it comes after');
select is((select settings -> 'rate_per_key' from jobs.list_queues('p')), '10', 'list_queues shows it');

select refuses($$select jobs.configure_queue('q', rate => 0)$$, 'JB002', 'no rate', 'rate is 0', 'between 0.000001');
select refuses($$select jobs.configure_queue('q', rate_per_key => 'NaN')$$, 'JB002', 'not a number', 'rate_per_key is NaN', 'between 0.000001');
select refuses($$select jobs.configure_kind('q', burst => 0)$$, 'JB002', 'no burst', 'burst is 0', 'between 1');
select is_empty('select * from jobs.verify()', 'log and tables agree');
select * from finish();
