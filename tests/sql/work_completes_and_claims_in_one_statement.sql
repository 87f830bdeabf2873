\ir lib/setup.sql
select plan(24);
select stop_the_clock();

select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array(select to_jsonb(n) from generate_series(1, 6) as n), headers => '{"h": 1}') \gset
select jobs.register_worker('w') as worker \gset
begin;
select array_agg((id, kind, queue, args, headers, attempt, max_attempts, priority, timeout, created_at)::text) as claimed from jobs.claim(null, :'worker', 2) \gset
rollback;
select is((select array_agg((id, kind, queue, args, headers, attempt, max_attempts, priority, timeout, created_at)::text) from jobs.work(null, :'worker', 2)),
  :'claimed'::text[], 'without tokens it claims, as claim does');
select array_agg(token) as t from jobs.claims_of(:'worker') \gset
select is((select array_agg((status, (args #>> '{}'))::text) from jobs.work(null, :'worker', 2, completed => :'t', results => '{"\"one\"","\"two\""}')),
  '{"(claimed,3)","(claimed,4)"}', 'it completes and claims; of what was simply completed it says nothing');
select is((select array_agg(job(i) -> 'result') from unnest((:'ids'::bigint[])[1:2]) as i), array['"one"', '"two"']::jsonb[], 'with the results');
select (array_agg(token))[1] as t3, (array_agg(token))[2] as t4 from jobs.claims_of(:'worker') \gset
select array_agg((status, token, id, kind, args)::text) as rows
from jobs.work(null, :'worker', 1, completed => (:'t'::bigint[])[1:1] || array[:t3, :t4 # 64]) \gset
select is(:'rows'::text[],
  array[format('(already_done,%s,,,)', (:'t'::bigint[])[1]), format('(stale,%s,,,)', :t4 # 64)] || array(
    select format('(claimed,%s,%s,k,5)', token, id) from jobs.claims_of(:'worker') where args = '5'),
  'first what was refused, then what is claimed');
select is(state((:'ids'::bigint[])[3]), 'completed', 'what was not refused is completed');
select is((select count(*) from jobs.work(null, :'worker', 0, completed => array[:t4])), 0::bigint, 'max_jobs 0 only completes');
select is(state((:'ids'::bigint[])[4]), 'completed', 'as here');
select is((select array_agg(id) from jobs.work()), (:'ids'::bigint[])[6:6], 'every argument may be left out');
select is((select count(*) from jobs.work()), 0::bigint, 'nothing to do, nothing to say');
select is((select count(*) from jobs.work(completed => null)), 0::bigint, 'null tokens are none');

-- all of it, or nothing
select jobs.enqueue('k', queue => 'q') as q \gset
begin;
select count(*) from jobs.work('{q}', completed => array[token((:'ids'::bigint[])[5])]) \g /dev/null
select is(state(:q) || state((:'ids'::bigint[])[5]), 'runningcompleted', 'both in one transaction');
rollback;
select is(state(:q) || state((:'ids'::bigint[])[5]), 'readyrunning', 'which may roll back');

-- what claim takes and refuses
select jobs.enqueue('l', queue => 'q', routing_key => 'eu') as routed \gset
select is((select array_agg(id) from jobs.work('{q}', null, 9, '50 s', '{l}', '{eu}')), array[:routed]::bigint[], 'queues, kinds and routing hold');
select is((select until - jobs.now() from jobs.lease where :routed = any(ids)), interval '50 s', 'and the lease');
select refuses('select jobs.work(max_jobs => -1)', 'JB002', 'max_jobs -1', 'max_jobs is -1', 'between');
select refuses('select jobs.work(max_jobs => 10001)', 'JB002', 'max_jobs 10001', 'max_jobs is 10001', 'between');
select refuses('select jobs.work(max_jobs => null)', 'JB002', 'max_jobs null', 'max_jobs', 'between');
select refuses('select jobs.work(lease => ''0'')', 'JB002', 'a lease below a second', 'lease', 'between');
select refuses('select jobs.work(completed => ''{1,2}'', results => ''{1}'')', 'JB002', 'one result for two tokens', '1 results for 2 tokens', 'one result');

-- a result that is too large
update jobs.setting set max_result_bytes = 2000;
select token(:routed) as token \gset
select is((select array_agg(status) from jobs.work('{q}', completed => array[:token], results => array[to_jsonb(repeat('x', 3000))])),
  '{scheduled,claimed}', 'a result that is too large fails its job, and the rest goes on');
select is(job(:routed) #>> '{error,type}', 'ResultTooLarge', 'as its error says');

-- how it ends up in the log
select is(timeline(:routed), 'enqueued 0, claimed 1, failed 1', 'the log is as of the two verbs');
select is(timeline((:'ids'::bigint[])[1]), 'enqueued 0, claimed 1, completed 1', 'also for what went well');
select is_consistent();
select * from finish();
