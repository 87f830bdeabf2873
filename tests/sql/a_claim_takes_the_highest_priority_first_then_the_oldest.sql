\ir lib/setup.sql
select plan(28);

-- ten priorities in one queue, enqueued in no order, three jobs each
create temporary table planned as
select p, n, jobs.enqueue('k', queue => 'ten', priority => p) as id
from (select p, n from generate_series(1, 3) as n cross join unnest('{3,-100,50,0,100,-7,7,1,-1,99}'::int[]) as p) as o;
select is(take(30, '{ten}'), array(select id from planned order by p desc, n), 'ten priorities, higher first, oldest first within');
select is(take(1, '{ten}'), '{}', 'and then the queue is empty');

-- one at a time
create temporary table singles as
select n, p, jobs.enqueue('k', queue => 'single', priority => p) as id
from (values (1, 0), (2, 5), (3, 0), (4, 5), (5, -5)) as v(n, p);
select is(take(1, '{single}'), array(select id from singles where n = nth), 'claimed singly, job ' || nth || ' is next')
from unnest('{2,4,1,3,5}'::int[]) as nth;

-- a job that comes later with a higher priority overtakes
select jobs.enqueue('k', queue => 'overtake') as low \gset
select jobs.enqueue('k', queue => 'overtake', priority => 1) as high \gset
select is(take(2, '{overtake}'), array[:high, :low]::bigint[], 'a later job of higher priority overtakes');

-- a priority that is new to its queue is known at the next tick
select jobs.enqueue('k', queue => 'known') as low \gset
select jobs.tick() \g /dev/null
select jobs.enqueue('k', queue => 'known', priority => 9) as high \gset
select jobs.tick() \g /dev/null
select is(take(2, '{known}'), array[:high, :low]::bigint[], 'also if its priority is new to the queue');

-- several queues
select jobs.enqueue('k', queue => 'a') as a1 \gset
select jobs.enqueue('k', queue => 'b') as b1 \gset
select jobs.enqueue('k', queue => 'a') as a2 \gset
select jobs.enqueue('k', queue => 'b', priority => 1) as b2 \gset
select jobs.enqueue('k', queue => 'c') as c1 \gset
begin;
select is(take(9, '{b,a}'), array[:b2, :b1, :a1, :a2]::bigint[], 'of several queues the highest priority first, then the first given');
rollback;
begin;
select is(take(9, '{a,b}'), array[:b2, :a1, :a2, :b1]::bigint[], 'in whichever order they are given');
rollback;
begin;
select is(take(2, '{c,a,nowhere}'), array[:c1, :a1]::bigint[], 'a queue that does not exist is no error');
rollback;
begin;
select is(take(9, '{a,a}'), array[:a1, :a2]::bigint[], 'nor is one that is named twice');
rollback;
select is(take(9, '{}'), '{}', 'no queues, no jobs');
select is(take(9), array[:b2, :a1, :a2, :b1, :c1]::bigint[], 'without queues: all of them');

-- limits, and blocks that are split
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[150]), 'blocks') \g /dev/null
create temporary table block as select row_number() over (order by id) as nth, id from jobs.job
where id > :c1 and queue_id = (select id from jobs.queue where name = 'blocks');
select is(take(7, '{blocks}'), array(select id from block where nth between 1 and 7 order by nth), 'a claim takes part of a block');
select is((select array_agg(cardinality(ids) order by ord) from jobs.ready), '{53,60,30}', 'the rest keeps its place');
select jobs.enqueue('k', queue => 'blocks') as late \gset
select is(take(60, '{blocks}'), array(select id from block where nth between 8 and 67 order by nth), 'across two blocks');
select is(take(83, '{blocks}'), array(select id from block where nth > 67 order by nth), 'exactly as many as there are');
select is(take(99, '{blocks}'), array[:late]::bigint[], 'and what came later is last');
select is(take(99, '{blocks}'), '{}', 'then nothing');

-- blocks of one with other attempts, leases and timeouts between them: order holds across claims
create temporary table mixed as
select n, jobs.enqueue('k' || n % 2, queue => 'mixed', lease => case when n % 3 = 0 then interval '1 min' end,
  timeout => case when n % 4 = 0 then interval '1 min' end) as id
from generate_series(1, 40) as n;
select is(take(25, '{mixed}') || take(25, '{mixed}'), array(select id from mixed order by n),
  'jobs that cannot share a claim keep their order');
select is((select count(*) from jobs.lease l where exists (
    select from unnest(l.ids) as i join mixed on id = i
    group by l.claim having count(distinct (n % 3 = 0, n % 4 = 0)) > 1)), 0::bigint, 'and no claim mixes leases or timeouts');

select refuses($$ select jobs.claim(max_jobs => 0) $$, 'JB002', 'max_jobs 0', 'max_jobs is 0', '1 and 10000');
select refuses($$ select jobs.claim(max_jobs => 10001) $$, 'JB002', 'max_jobs 10001', 'max_jobs is 10001', '1 and 10000');
select refuses($$ select jobs.claim(max_jobs => null) $$, 'JB002', 'max_jobs null', 'max_jobs', '1 and 10000');
select refuses($$ select jobs.claim(lease => '999 ms') $$, 'JB002', 'a lease below a second', 'lease is', 'between');
select is_consistent();
select * from finish();
