\ir lib/setup.sql
select plan(22);
select stop_the_clock() \g /dev/null

select jobs.enqueue('k', ordering_key => 'o') as a, jobs.enqueue('k', ordering_key => 'o') as b, jobs.enqueue('k', ordering_key => 'o') as c,
  jobs.enqueue('k', ordering_key => 'p') as p, jobs.enqueue('k') as free \gset
select is(take(9), array[:a, :p, :free]::bigint[], 'the first of each key');
select jobs.complete_many(array[token(:p), token(:free)]) \g /dev/null
select is(job(:b) ->> 'blocked', 'ordering_key', 'the next is blocked');
select jobs.fail(token(:a), retry_in => '1 min') \g /dev/null
select is(take(9), '{}', 'while the first waits for another attempt, nobody else starts');
select advance('1 min') \g /dev/null
select is(take(9), array[:a]::bigint[], 'it goes first again');
select jobs.snooze(token(:a), '1 min') \g /dev/null
select is(take(9), '{}', 'nor while it is put off');
select advance('1 min') \g /dev/null
select is(take(9), array[:a]::bigint[], 'it is still the first');
select jobs.complete(token(:a)) \g /dev/null
select is(state(:b), 'ready', 'its end makes the next ready, in its transaction');
select is(take(9), array[:b]::bigint[], 'which starts');
select jobs.fail(token(:b), reason => 'aborted') \g /dev/null
select is(take(9), array[:c]::bigint[], 'a death too');
select jobs.retry(:b) \g /dev/null
select jobs.enqueue('k', ordering_key => 'o') as d \gset
select is(take(9), '{}', 'a dead job that is retried');
select jobs.skip(token(:c)) \g /dev/null
select is(take(9), array[:b]::bigint[], 'stands at the end of the line, before those enqueued later');
select jobs.cancel(:d) \g /dev/null
select jobs.complete(token(:b)) \g /dev/null
select is(take(9), '{}', 'a cancelled one is passed over');
select is_empty('select * from jobs.line', 'nothing is left');

-- the first is not due yet: those behind it wait all the same
select jobs.enqueue('k', ordering_key => 'late', delay => '1 h') as l1, jobs.enqueue('k', ordering_key => 'late') as l2 \gset
select is(take(9), '{}', 'a delay holds up those behind it');
select advance('1 h') \g /dev/null
select is(take(9), array[:l1]::bigint[], 'they keep their order');
select jobs.cancel(:l1) \g /dev/null
select is(take(9), '{}', 'a request to cancel is no end yet');
select jobs.release(token(:l1)) \g /dev/null
select is(take(9), array[:l2]::bigint[], 'the cancellation is');

-- both keys
select jobs.enqueue('k', ordering_key => 'x', concurrency_key => 'shared') as x1, jobs.enqueue('k', ordering_key => 'x', concurrency_key => 'shared') as x2,
  jobs.enqueue('k', ordering_key => 'y', concurrency_key => 'shared') as y1 \gset
select is(take(9), array[:x1]::bigint[], 'one at a time of the shared key');
select jobs.complete(token(:x1)) \g /dev/null
select is(take(1), array[:y1]::bigint[], 'the next of it');
select jobs.complete(token(:y1)) \g /dev/null
select is(take(1), array[:x2]::bigint[], 'each in its own order');
-- many in one call, in blocks
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[130]), ordering_key => 'many') \g /dev/null
select is(cardinality(take(100)), 1, 'of a long line one starts');
select is_empty('select * from jobs.verify()', 'log and tables agree');
select * from finish();
