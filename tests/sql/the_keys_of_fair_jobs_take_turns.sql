\ir lib/setup.sql
select plan(27);
select stop_the_clock() \g /dev/null

-- One tenant has many, others few.
create function add(tenant text, count int, queue text default 'q', priority int default 0) returns bigint[]
language sql as $$
  select array_agg(id order by ord) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[count]), queue => add.queue,
    priority => add.priority, fair_key => tenant)
$$;
-- Claims one by one; whose they were.
create function turns(count int, queue text default 'q') returns text
language plpgsql as $$
declare
  _turns text := '';
  _id bigint;
begin
  for _n in 1..count loop
    _id := (take(1, array[queue]))[1];
    _turns := _turns || coalesce((select j.options ->> 'fair_key' from jobs.job j where j.id = _id), '-');
  end loop;
  return _turns;
end $$;

select add('a', 100) as a \gset
select add('b', 3) as b \gset
select add('c', 1) as c \gset
select is(turns(9), 'aabcababa', 'keys take turns while they have jobs');
select add('d', 2) as d \gset
select is(turns(6), 'aadada', 'a new key has its turn in the next round');
select is(state((:'a'::bigint[])[100]), 'ready', 'those that wait are ready');
select is((select ready from jobs.stats() where queue = 'q'), 91::bigint, 'stats counts them');
select is((select count(*) from jobs.list('ready', queue => 'q', max_jobs => 1000)), 91::bigint, 'list lists them');
select add('e', 1, 'x') || add('f', 3, 'x') as x \gset
select is((select (detail -> 'ahead')::int from jobs.explain((:'x'::bigint[])[4]) where gate = 'position'), 3, 'explain counts whose turn is before');
select ok(jobs.has_in_flight('k', 'x'), 'has_in_flight sees them');
select is(jobs.cancel((:'a'::bigint[])[50]), 'cancelled', 'one may be cancelled');
select is((select status from jobs.claim_job((:'a'::bigint[])[99])), 'claimed', 'or claimed by its id');
select is(turns(1), 'a', 'the others keep their turns');
select is(jobs.cancel_many('q', max_jobs => 10), 10::bigint, 'or many be cancelled');

-- what comes back takes a turn like a new one
select add('e', 1) as e \gset
select is(turns(3), 'aae', 'in the round that is served');
select jobs.fail(token((:'e'::bigint[])[1]), retry_in => '0') \g /dev/null
select is(state((:'e'::bigint[])[1]), 'ready', 'a job that failed is ready again');
select is(turns(3), 'aae', 'and has its turn');
select jobs.release(token((:'e'::bigint[])[1])) \g /dev/null
select is(turns(3), 'aae', 'so has one that was released');
select jobs.snooze(token((:'e'::bigint[])[1]), '1 min') \g /dev/null
select advance('1 min') \g /dev/null
select jobs.tick() \g /dev/null
select is(turns(3), 'aae', 'and one that was put off');

-- batches, priorities, jobs without a key
select add('x', 9, 'b') as x \gset
select add('y', 2, 'b') as y \gset
select is(take(4, '{b}'), (:'x'::bigint[])[1:3] || (:'y'::bigint[])[1], 'a claim of several takes whole rounds, by id');
select add('z', 1, 'b', priority => 5) as z \gset
select is(take(1, '{b}'), :'z'::bigint[], 'a higher priority goes first');
select jobs.enqueue('k', queue => 'b') as plain \gset
select is(take(8, '{b}'), (:'y'::bigint[])[2] || (:'x'::bigint[])[4:9] || :plain::bigint, 'older ones go before one without a key');
-- with limits
select jobs.configure_queue('l', max_running => 3) \g /dev/null
select add('x', 3, 'l') || add('y', 1, 'l') as l \gset
select is(cardinality(take(9, '{l}')), 3, 'limits hold');
select is(cardinality(take(9, '{l}')), 0, 'also when they are full');
select is((select array_agg(distinct options ->> 'fair_key' order by options ->> 'fair_key') from jobs.lease l join jobs.job j on j.id = any(l.ids) join jobs.queue q on q.id = j.queue_id where q.name = 'l'),
  '{x,y}', 'and turns too');
select jobs.enqueue('k', queue => 'both', fair_key => 'f', concurrency_key => 'c') as f1, jobs.enqueue('k', queue => 'both', fair_key => 'f', concurrency_key => 'c') as f2,
  jobs.enqueue('k', queue => 'both', fair_key => 'g') as g \gset
select is(take(9, '{both}'), array[:f1, :g]::bigint[], 'with a concurrency key as well');
select jobs.complete(token(:f1)) \g /dev/null
select is(take(9, '{both}'), array[:f2]::bigint[], 'the next one of it has its turn');
-- kinds and routing
select jobs.enqueue('other', queue => 'r', fair_key => 'f') as other, jobs.enqueue('k', queue => 'r', fair_key => 'f', routing_key => 'eu') as eu \gset
select is(take(9, '{r}', '{k}', '{eu}'), array[:eu]::bigint[], 'a claim gets what it asks for');
select refuses($$select jobs.enqueue('k', fair_key => '')$$, 'JB002', 'an empty key', 'fair_key is empty', '1 to 1024');
select is_empty('select * from jobs.verify()', 'log and tables agree');
select * from finish();
