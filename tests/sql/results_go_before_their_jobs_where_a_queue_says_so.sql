\ir lib/setup.sql
select plan(22);
select stop_the_clock();
create function pruned(n int default 10000, dry boolean default false) returns text language sql as $$
  select coalesce(string_agg(p.state || ' ' || p.jobs, ', ' order by p.state), '') from jobs.prune(n, dry) as p $$;
create function told(id bigint) returns text language sql as $$ select concat_ws(' ', r.state, r.result, case when r.result_pruned then 'pruned' end) from jobs.results(array[told.id]) as r $$;

-- a block with results of every sort, one without any, one with one for each, a job alone
select array_agg(m.id order by m.ord) as mixed from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[4])) as m \gset
select count(*) from jobs.complete_many(array(select token from jobs.claim(max_jobs => 4)), array['1', null, 'null', '{"a": 4}']::jsonb[]) \g /dev/null
select array_agg(m.id order by m.ord) as none from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[2])) as m \gset
select count(*) from jobs.complete_many(array(select token from jobs.claim(max_jobs => 2))) \g /dev/null
select array_agg(m.id order by m.ord) as whole from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3])) as m \gset
select count(*) from jobs.complete_many(array(select token from jobs.claim(max_jobs => 3)), '{1,2,3}') \g /dev/null
select jobs.enqueue('k') as alone \gset
select jobs.complete(claim_of(:alone), '"here"') \g /dev/null
select jobs.enqueue('k', queue => 'other') as other \gset
select jobs.complete(claim_of(:other), '"there"') \g /dev/null

select advance('2 h');
select is(pruned(), '', 'results are kept as long as their jobs');
select jobs.configure_queue('default', keep_results => '2 h') \g /dev/null
select is(pruned(), '', 'or to the age that the queue says');
select advance('1 s');
select is(pruned(10000, true), 'result 6', 'dry_run: how many would go');
select is(told(:alone), 'completed "here"', 'they are there');
select is(pruned(), 'result 6', 'then they go');
select is(pruned(), '', 'once');
select is(array(select told(id) from unnest(:'mixed'::bigint[]) as id), '{completed pruned,completed,completed,completed pruned}', 'of a block each job by itself: a result that is gone, none, null');
select is(array(select told(id) from unnest(:'none'::bigint[]) as id), '{completed,completed}', 'who returned nothing has lost nothing');
select is(array(select told(id) from unnest(:'whole'::bigint[]) as id), '{completed pruned,completed pruned,completed pruned}', 'all of a block');
select is(told(:alone), 'completed pruned', 'of a job alone');
select is(told(:other), 'completed "there"', 'another queue keeps its own');

-- the job and its history stay
select is((select (j -> 'result', j -> 'result_pruned')::text from jobs.get(:alone) as j), '(null,true)', 'get tells it');
select is((select (j -> 'result_pruned')::text from jobs.get(:other) as j), 'false', 'and the opposite');
select is(timeline(:alone), 'enqueued 0, claimed 1, completed 1', 'history stays');
select is((select count(*) from jobs.list('completed')), 11::bigint, 'all of the jobs do');
select is((select count(*) from jobs.read_all(types => '{job.completed}')), 11::bigint, 'their events are read');
select is_consistent();

-- a job that is run again has a new result
select jobs.retry(:alone) \g /dev/null
select is(told(:alone), 'ready', 'retried: no result yet');
select jobs.complete(claim_of(:alone), '"again"') \g /dev/null
select is(told(:alone), 'completed "again"', 'and a new one');
select is(pruned(), '', 'which is young');

-- when ages change, what is gone is not counted again
select jobs.configure_queue('default', keep_results => '1 h') \g /dev/null
select is(pruned(), '', 'nothing goes twice');
select advance('8 days');
select is(pruned(), 'completed 10, completed 1, result 1', 'in the end the jobs go');
select * from finish();
