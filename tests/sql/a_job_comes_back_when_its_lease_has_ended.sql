\ir lib/setup.sql
select plan(41);
select stop_the_clock();
create function resets(max_jobs int default 1000) returns text[] language sql as $$
  select coalesce(array_agg((r.attempt, r.status, r.reason)::text order by r.id), '{}') from jobs.reset_stale_claims(max_jobs) as r $$;

select jobs.enqueue('k', max_attempts => 2) as id \gset
select claim_of(:id) as token \gset
select advance('29.999999 s');
select is(resets(), '{}', 'nothing is reset before the lease has ended');
select advance('0.000001 s');
select is(resets(), '{"(1,ready,)"}', 'when it has, the job is ready and its attempt counts');
select is(last_data(:id), '{"reason": "lost"}', 'the log says why');
select is(resets(), '{}', 'once');
select refuses(format('select jobs.complete(%s)', :token), 'JB001', 'its late completion is refused', 'stale claim', 'Roll back');
select is(array(select status from jobs.complete_many(array[:token])), '{stale}', 'or reported as stale');
select is(jobs.complete(claim_of(:id)), 'completed', 'another worker completes it');
select is(timeline(:id), 'enqueued 0, claimed 1, expired 1, claimed 2, completed 2', 'which the log tells');

-- attempts and claims run out
select jobs.enqueue('k', max_attempts => 2) as id \gset
select claim_of(:id) \g /dev/null
select advance('30 s');
select resets() \g /dev/null
select claim_of(:id) \g /dev/null
select advance('30 s');
select is(resets(), '{"(2,dead,abandoned)"}', 'a job that loses its last attempt is dead, as abandoned');
select is(timeline(:id), 'enqueued 0, claimed 1, expired 1, claimed 2, dead 2', 'after two starts');
select is(job(:id) ->> 'reason', 'abandoned', 'as get says');
select is(jsonb_array_length(job(:id) -> 'errors'), 2, 'and each of them is among its errors');

select jobs.configure_kind('uncharged', charge_lost => false, max_claims => 3) \g /dev/null
select jobs.enqueue('uncharged', max_attempts => 1) as id \gset
create procedure lose(id bigint) language plpgsql as $$
begin perform claim_of(lose.id); perform advance('30 s'); end $$;
call lose(:id);
select is(resets(), '{"(0,ready,)"}', 'with charge_lost false a lost lease costs no attempt');
call lose(:id);
select is(resets(), '{"(0,ready,)"}', 'nor the next');
call lose(:id);
select is(resets(), '{"(0,dead,abandoned)"}', 'but its claims run out');
select is(timeline(:id), 'enqueued 0, claimed 1, expired 0, claimed 1, expired 0, claimed 1, dead 0', 'as the log shows');

-- a block: only what is unfinished, in one go
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[5]), queue => 'block', max_attempts => 3,
  timeout => '1 hour', lease => '40 s', routing_key => 'eu', priority => 9) \gset
select (:'ids'::bigint[])[1] as i1 \gset
select array_agg(token) as t from jobs.claim('{block}', max_jobs => 5) \gset
select jobs.complete((:'t'::bigint[])[2]) \g /dev/null
select jobs.fail((:'t'::bigint[])[4], retry_in => '1 day') \g /dev/null
select jobs.cancel(:i1 + 2) \g /dev/null
select advance('39 s');
select is(resets(), '{}', 'a job''s own lease counts');
select advance('1 s');
select is(array(select (id - :i1, status)::text from jobs.reset_stale_claims() order by id), '{"(0,ready)","(2,cancelled)","(4,ready)"}',
  'of a half-finished block only the unfinished half comes back; what was to be cancelled is');
select is((select (ids, priority, attempt, claims, lease_ms, timeout_ms, routing_key)::text from jobs.ready where queue_id = (select id from jobs.queue where name = 'block')),
  format('("{%s,%s}",9,1,1,40000,3600000,eu)', :i1, :i1 + 4), 'as one block, with all that it had');
select is(state(:i1 + 1), 'completed', 'what was completed stays so');
select is((select array_agg(status) from jobs.heartbeat((:'t'::bigint[])[1:1])), '{lost}', 'its worker''s next heartbeat says so');

-- a timeout
select jobs.enqueue('k', queue => 't', timeout => '10 s', max_attempts => 2, backoff => '{"strategy": "constant", "base": 7}') as id \gset
select token from jobs.claim('{t}') \gset
select advance('29 s');
select jobs.heartbeat(array[:token]) \g /dev/null
select is((select until - jobs.now() from jobs.lease where :id = any(ids)), interval '11 s', 'a lease with a timeout ends at its deadline');
select advance('11 s');
select is(resets(), '{"(1,scheduled,)"}', 'a job that outstayed its timeout has failed');
select is(timeline(:id), 'enqueued 0, claimed 1, failed 1', 'its attempt is charged, and it is retried by its backoff');
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '7 s', 'in its time');
select is(last_data(:id) ->> 'reason', 'timeout', 'the reason is timeout');
select is(last_data(:id) #>> '{error,type}', 'Timeout', 'and there is an error');
select matches(last_data(:id) #>> '{error,message}', '10000 ms.*30000 ms', 'with the figures');
select claim_of(:id) \g /dev/null
select advance('41 s');
select is(resets(), '{"(2,dead,timeout)"}', 'the last attempt that times out is its death');
select jobs.configure_kind('uncharged timeout', charge_lost => false, timeout => '1 s') \g /dev/null
select jobs.enqueue('uncharged timeout', max_attempts => 1) as id \gset
select claim_of(:id) \g /dev/null
select advance('32 s');
select is(resets(), '{"(1,dead,timeout)"}', 'a timeout is charged even where a lost lease is not');

-- a worker that died without a heartbeat, with a timeout far away
select jobs.enqueue('k', queue => 't', timeout => '1 day') as id \gset
select claim_of(:id) \g /dev/null
select advance('30 s');
select is(resets(), '{"(1,ready,)"}', 'a timeout far away does not delay the end of a lease');
select is(last_data(:id) ->> 'reason', 'lost', 'which is no timeout');

-- bounded
select count(*) from (select jobs.enqueue('k', queue => 'many') from generate_series(1, 10)) as e \g /dev/null
select count(*) from generate_series(1, 10) as i cross join lateral jobs.claim('{many}', max_jobs => least(i, 1)) \g /dev/null
select advance('31 s');
select is(cardinality(resets(4)), 4, 'a pass may be bounded');
select is(cardinality(resets(4)), 4, 'the next goes on');
select is(cardinality(resets(4)), 2, 'until all are back');
select is(resets(0), '{}', 'max_jobs 0 resets nothing');

-- a tick looks for them, too
select claim_of(:id) \g /dev/null
select advance('31 s');
select jobs.tick() \g /dev/null
select is(state(:id), 'ready', 'a tick resets what has ended');
select claim_of(:id) \g /dev/null
select advance('31 s');
select is(jobs.maintain() ->> 'reset', '0', 'maintain ticks first');
select is(state(:id), 'ready', 'which does the same');
select is((select count(*) from jobs.event e where e.type = 'expired' and :id = any(e.ids)), 3::bigint, 'each loss is one event');
select is_consistent();
select * from finish();
