\ir lib/setup.sql
select plan(30);
select stop_the_clock();

-- one prerequisite
select jobs.enqueue('k') as a \gset
select jobs.enqueue('k', depends_on => array[:a]::bigint[]) as b \gset
select is(state(:b), 'blocked', 'it is blocked');
select is(job(:b) ->> 'blocked', 'depends_on', 'get says what it waits for');
select is(take(9), array[:a]::bigint[], 'it cannot be claimed');
select jobs.complete(token(:a)) \g /dev/null
select is(state(:b), 'ready', 'it is ready when its prerequisite is completed');
select is(timeline(:b), 'enqueued 0, promoted 0', 'that is its timeline');
select is(take(9), array[:b]::bigint[], 'it can be claimed');
select is(jobs.complete(token(:b)), 'completed', 'and completed');
select is((select count(*) from jobs.waiter) + (select count(*) from jobs.dependency), 0::bigint, 'nothing is left of the wait');

-- two, in a block with others
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[5])) \gset
select jobs.enqueue('k', depends_on => (:'ids'::bigint[])[2:3] || (:'ids'::bigint[])[2]) as c \gset
select is((select array_agg(flags) from jobs.ready), '{2}', 'the block of its prerequisites is tied, once');
select is(take(9), :'ids', 'their places are as before');
select is(count(*), 0::bigint, 'completed at once') from jobs.complete_many(tokens((:'ids'::bigint[])[1:2])) \g /dev/null
select is(state(:c), 'blocked', 'after one of two it waits');
select jobs.skip(token((:'ids'::bigint[])[3])) \g /dev/null
select is(state(:c), 'ready', 'a skipped prerequisite is as good as a completed one');

-- a running one; its retries
select jobs.enqueue('r') as d \gset
select claim_of(:d) \g /dev/null
select jobs.enqueue('k', depends_on => array[:d]::bigint[], delay => '1 hour') as e \gset
select jobs.fail(token(:d), retry_in => '0') \g /dev/null
select is(state(:e), 'blocked', 'a failed attempt is not the end');
select claim_of(:d) \g /dev/null
select advance('31 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select jobs.complete(claim_of(:d)) \g /dev/null
select is(state(:e), 'scheduled', 'it waits for its time as well');
select is((job(:e) ->> 'run_at')::timestamptz, '2030-01-01 01:00:00+00', 'which is what it was told');
select advance('1 hour');
select jobs.tick() \g /dev/null
select is(state(:e), 'ready', 'then it is ready');

-- ended already
select jobs.enqueue('k', depends_on => array[:a, :b]::bigint[]) as f \gset
select is(state(:f), 'ready', 'what has ended well holds nothing up');
select jobs.enqueue('k', depends_on => '{}') as g \gset
select is(state(:g), 'ready', 'nor does no prerequisite');
select is((jobs.verify()).problem, null, 'the tables agree') where false;

-- a scheduled and a blocked prerequisite; a chain
select jobs.enqueue('k', delay => '1 day') as h \gset
select jobs.enqueue('k', depends_on => array[:h]::bigint[]) as i \gset
select jobs.enqueue('k', depends_on => array[:i, :h]::bigint[]) as j \gset
select jobs.complete(claim_of(:h)) \g /dev/null
select is(state(:i) || ' ' || state(:j), 'ready blocked', 'a chain goes step by step');
select jobs.complete(claim_of(:i)) \g /dev/null
select is(state(:j), 'ready', 'to its end');

-- many at once
select jobs.enqueue('k') as m \gset
select array_agg(id order by ord) as many from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[150]), depends_on => array[:m]::bigint[]) \gset
select is(count(distinct s.state) || min(s.state), '1blocked', 'many wait for one') from jobs.job_state s where id = any(:'many');
select jobs.complete(claim_of(:m)) \g /dev/null
select is(count(distinct s.state) || min(s.state), '1ready', 'many are ready') from jobs.job_state s where id = any(:'many');
select is((select count(*) from jobs.ready r where r.ids && :'many'), 3::bigint, 'in blocks');
select is((select array_agg(i order by n) from unnest(take(200)) with ordinality as t(i, n) where i = any(:'many')), :'many', 'in their order');

-- claimed by id
select jobs.enqueue('k') as n \gset
select jobs.enqueue('k', depends_on => array[:n]::bigint[]) as o \gset
select is((select status from jobs.claim_job(:o)), 'blocked', 'it cannot be claimed by its id either');

select refuses('select jobs.enqueue(''k'', depends_on => ''{0}'')', 'JB004', 'an unknown prerequisite', 'no job 0');
select refuses('select jobs.enqueue(''k'', depends_on => ''{null}'')', 'JB002', 'null', 'null', 'ids');
select refuses('select jobs.enqueue(''k'', on_dependency_failure => ''ignore'')', 'JB002', 'a policy for nothing', 'without depends_on');
select refuses('select jobs.enqueue(''k'', depends_on => ''{}'', on_dependency_failure => ''x'')', 'JB002', 'an unknown policy', 'is ''x''', 'fail.*cancel.*ignore');
select is_consistent();
select * from finish();
