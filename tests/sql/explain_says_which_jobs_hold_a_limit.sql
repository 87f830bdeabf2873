\ir lib/setup.sql
select plan(33);
select stop_the_clock() \g /dev/null
create function gate(id bigint, gate text) returns text language sql as $$
  select case when g.open then 'open: ' else 'closed: ' end || g.why from jobs.explain(gate.id) as g where g.gate = gate.gate $$;
create function remedy(id bigint, gate text) returns text language sql as $$ select g.remedy from jobs.explain(remedy.id) as g where g.gate = remedy.gate $$;
create function detail(id bigint, gate text) returns jsonb language sql as $$ select g.detail from jobs.explain(detail.id) as g where g.gate = detail.gate $$;

-- how many of a queue may run
select jobs.configure_queue('q', max_running => 2) \g /dev/null
select array_agg(id) as q from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[4]), queue => 'q') \gset
select is(gate((:'q'::bigint[])[4], 'queue_limit'), 'open: 0 of at most 2 jobs of queue q run', 'nothing runs');
select is(gate((:'q'::bigint[])[4], 'kind_limit'), null, 'a kind without limits is no gate');
select take(9, '{q}') \g /dev/null
select is(gate((:'q'::bigint[])[4], 'queue_limit'), format('closed: 2 of at most 2 jobs of queue q run: jobs %s, %s', (:'q'::bigint[])[1], (:'q'::bigint[])[2]), 'full, and by which jobs');
select is(detail((:'q'::bigint[])[4], 'queue_limit') -> 'jobs', to_jsonb((:'q'::bigint[])[1:2]), 'in figures');
select is(remedy((:'q'::bigint[])[4], 'queue_limit'), 'Wait until one of them has ended. For more at a time: select jobs.configure_queue(''q'', max_running => 4)', 'and what to do');
select jobs.configure_queue('many', max_running => 15) \g /dev/null
select array_agg(id) as m from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[16]), queue => 'many') \gset
select take(15, '{many}') \g /dev/null
select is(gate((:'m'::bigint[])[16], 'queue_limit') ~ '^closed: 15 of at most 15 jobs of queue many run: jobs (\d+, ){9}\d+ and 5 more$', true, 'ten by their ids');

-- of a kind
select jobs.configure_kind('slow', max_running => 1) \g /dev/null
select jobs.enqueue('slow', queue => 's') as s1, jobs.enqueue('slow', queue => 's') as s2, jobs.enqueue('free', queue => 's') as s3 \gset
select take(9, '{s}') \g /dev/null
select is(gate(:s2, 'kind_limit'), format('closed: 1 of at most 1 job of kind slow run: job %s', :s1), 'a full kind');
select is(gate(:s2, 'queue_limit'), null, 'whose queue has no limit');
select is(remedy(:s2, 'kind_limit') ~ 'jobs.configure_kind\(''slow'', max_running => 2\)', true, 'its own remedy');
-- several kinds in one claim, made before the kind had a limit
select jobs.enqueue('late', queue => 's') as l1, jobs.enqueue('other', queue => 's') as l2 \gset
select jobs.configure_kind('slow', reset => '{max_running}') \g /dev/null
select cardinality(take(9, '{s}')) \g /dev/null
select jobs.configure_kind('late', max_running => 1) \g /dev/null
select jobs.enqueue('late', queue => 's') as l3 \gset
select is(detail(:l3, 'kind_limit') -> 'jobs', jsonb_build_array(:l1), 'of a claim of several kinds only its own');

-- a rate: when the next may start
select jobs.configure_queue('r', rate => 0.1, burst => 2) \g /dev/null
select array_agg(id) as r from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[4]), queue => 'r') \gset
select is(gate((:'r'::bigint[])[4], 'queue_limit'), 'open: queue r may start 2 jobs now', 'what is in the bucket');
select take(9, '{r}') \g /dev/null
select advance('4 s') \g /dev/null
select is(gate((:'r'::bigint[])[4], 'queue_limit'), 'closed: queue r may start 0.1 a second, and has: the next one may start in 6 s', 'when the next token comes');
select is((detail((:'r'::bigint[])[4], 'queue_limit') ->> 'next_at')::timestamptz, jobs.now() + '6 s', 'in figures');
select is(remedy((:'r'::bigint[])[4], 'queue_limit'), 'Wait. For more a second: select jobs.configure_queue(''r'', rate => 0.2)', 'and what to do');
select advance('6 s') \g /dev/null
select is(cardinality(take(9, '{r}')), 1, 'then it does');
select jobs.configure_queue('r', max_running => 9) \g /dev/null
select is(gate((:'r'::bigint[])[4], 'queue_limit') ~ '^closed: 3 of at most 9 jobs of queue r run; queue r may start', true, 'both limits, the one that holds it up too');

-- a concurrency key
select array_agg(id) as c from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[4]), queue => 'c', concurrency_key => 'tenant 7') \gset
select is(gate((:'c'::bigint[])[1], 'concurrency_key'), 'open: 0 of at most 1 job of its concurrency key tenant 7 run', 'nothing of it runs');
select take(9, '{c}') \g /dev/null
select is(gate((:'c'::bigint[])[4], 'concurrency_key'), format('closed: 1 of at most 1 job of its concurrency key tenant 7 run: job %s; 2 jobs wait before it', (:'c'::bigint[])[1]), 'which one runs, how many are before it');
select is(remedy((:'c'::bigint[])[4], 'concurrency_key') ~ 'jobs.configure_queue\(''c'', max_running_per_key => 2\)', true, 'what to do');
select is(gate((:'c'::bigint[])[4], 'state') ~ '^closed: it has been blocked for', true, 'its state is blocked');
select jobs.complete(token((:'c'::bigint[])[1])) \g /dev/null
select is(gate((:'c'::bigint[])[2], 'concurrency_key'), 'open: 0 of at most 1 job of its concurrency key tenant 7 run', 'one is let go');
select is(gate((:'c'::bigint[])[3], 'concurrency_key'), format('closed: 0 of at most 1 job of its concurrency key tenant 7 run: job %s', (:'c'::bigint[])[2]), 'and holds the next');
select is(gate((:'c'::bigint[])[2], 'ordering_key'), null, 'without an ordering key there is no such gate');
select jobs.configure_queue('c', max_running_per_key => 9) \g /dev/null
select is(remedy((:'c'::bigint[])[3], 'concurrency_key'), 'Its turn has come, and nobody has seen it: select jobs.maintain()', 'a limit that was raised');
select jobs.configure_queue('c', rate_per_key => 0.5, burst_per_key => 1) \g /dev/null
select jobs.maintain() \g /dev/null
select take(9, '{c}') \g /dev/null
select is(gate((:'c'::bigint[])[4], 'concurrency_key') ~ '^closed: of its concurrency key tenant 7 0.5 jobs may start a second: it may at ', true, 'its rate');

-- an ordering key
select jobs.enqueue('k', queue => 'o', ordering_key => 'order 7') as o1, jobs.enqueue('k', queue => 'o', ordering_key => 'order 7') as o2,
  jobs.enqueue('k', queue => 'o', ordering_key => 'order 7') as o3 \gset
select is(gate(:o1, 'ordering_key'), 'open: it is the first of its ordering key order 7', 'the first');
select is(gate(:o2, 'ordering_key'), format('closed: job %s of its ordering key order 7 is before it, and is ready', :o1), 'the second');
select take(9, '{o}') \g /dev/null
select is(gate(:o3, 'ordering_key'), format('closed: job %s of its ordering key order 7 is before it, and is running; with it 2 jobs are', :o1), 'the third');
select is(remedy(:o3, 'ordering_key'), format('It starts when job %1$s has ended: select * from jobs.explain(%1$s). To give that one up: select jobs.cancel(%1$s)', :o1), 'whom to look at');
select jobs.fail(token(:o1), '"it broke"', retry_in => '1 h') \g /dev/null
select is(gate(:o2, 'ordering_key'), format('closed: job %s of its ordering key order 7 is before it, and is scheduled until %s, after attempt 1 failed', :o1, date_trunc('second', jobs.now() + '1 h')), 'a head that will be retried');
select jobs.cancel(:o1) \g /dev/null
select is(gate(:o2, 'ordering_key'), 'open: it is the first of its ordering key order 7', 'is given up');
update jobs.line set state = 'b' where id = :o3 \g /dev/null
delete from jobs.line where id = :o2 \g /dev/null
select is(remedy(:o3, 'ordering_key'), 'Its turn has come, and nobody has seen it: select jobs.maintain()', 'one that was forgotten');
select is_empty(format('select gate from jobs.explain(%s) where why is null or detail is null or remedy is null and not open', :o3), 'each says what it saw');
select * from finish();
