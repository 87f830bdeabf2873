\ir lib/setup.sql
select plan(26);

select jobs.enqueue('k', max_attempts => 1) as id \gset
select jobs.enqueue('k') as other \gset
select claim_of(:id) as token \gset
select is(jobs.release(:token), 'ready', 'a released job is ready');
select is(job(:id) ->> 'attempt', '0', 'its attempt is given back');
select is(timeline(:id), 'enqueued 0, claimed 1, released 0', 'the log has it');
select is(jobs.release(:token), 'already_done', 'the same again is already done');
select refuses(format('select jobs.complete(%s)', :token), 'JB001', 'another outcome is refused', 'stale claim', 'Roll back');
select is(take(2), array[:other, :id]::bigint[], 'it comes behind those that are ready now');
select is(jobs.complete(token(:id)), 'completed', 'and its only attempt is still there');
select refuses('select jobs.release(1)', 'JB001', 'a token of nobody', 'stale claim', 'Roll back');
select refuses('select jobs.release(null)', 'JB001', 'no token', 'stale claim', 'Roll back');

-- the budget of claims counts
select jobs.configure_kind('few', max_claims => 3) \g /dev/null
select jobs.enqueue('few') as few \gset
select is(array(select jobs.release(claim_of(:few + least(n, 0))) from generate_series(1, 3) as n), '{ready,ready,dead}',
  'a job that is only ever released runs out of claims');
select is(job(:few) ->> 'reason', 'abandoned', 'as abandoned');

select jobs.enqueue('k') as cancelled \gset
select claim_of(:cancelled) as token \gset
select jobs.cancel(:cancelled) \g /dev/null
select is(jobs.release(:token), 'cancelled', 'a job whose cancellation was requested ends');
select is(state(:cancelled), 'cancelled', 'as cancelled');

-- many
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[6]), queue => 'many',
  priority => 3, lease => '40 s', timeout => '50 s', routing_key => 'eu') \gset
select (:'ids'::bigint[])[1] as i1, (:'ids'::bigint[])[4] as i4 \gset
select array_agg(token) as t from jobs.claim('{many}', max_jobs => 6) \gset
select jobs.complete((:'t'::bigint[])[1]) \g /dev/null
select jobs.cancel(:i4) \g /dev/null
select is((select array_agg(status order by r.token) from jobs.release_many(:'t'::bigint[] || array[1]::bigint[]) as r),
  '{stale,stale,ready,ready,cancelled,ready,ready}', 'release_many tells of each');
select is((select array_agg(ids) from jobs.ready where queue_id = (select id from jobs.queue where name = 'many')),
  array[array[:i1 + 1, :i1 + 2, :i1 + 4, :i1 + 5]]::bigint[], 'what is ready goes back as one block');
select is((select (priority, attempt, lease_ms, timeout_ms, routing_key)::text from jobs.ready where ids[1] = :i1 + 1), '(3,0,40000,50000,eu)',
  'with all that it had');
select is((select array_agg(distinct status) from jobs.release_many((:'t'::bigint[])[2:])), '{already_done}', 'the same again is already done');
select is((select array_agg(attempt) from jobs.claim('{many}', max_jobs => 9)), '{1,1,1,1}', 'all are on their first attempt');
select is((select until - jobs.now() between interval '39 s' and interval '40 s' from jobs.lease where ids[1] = :i1 + 1), true,
  'under their own lease again');
select is(array(select status from jobs.release_many('{}')), '{}', 'no tokens, no rows');

-- a job without a lease of its own is not bound to its last claimer's
select jobs.enqueue('k', queue => 'lease') as id \gset
select take(1, '{lease}', lease => '1 hour') \g /dev/null
select jobs.release(token(:id)) \g /dev/null
select take(1, '{lease}', lease => '5 s') \g /dev/null
select ok(until - jobs.now() <= interval '5 s', 'the next claimer''s lease holds') from jobs.lease where :id = any(ids);
select jobs.fail(token(:id), retry_in => '0') \g /dev/null
select take(1, '{lease}') \g /dev/null
select ok(until - jobs.now() between interval '29 s' and interval '30 s', 'or the default') from jobs.lease where :id = any(ids);

-- one of several claims is stale, others are in no order
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[130]), queue => 'big') \g /dev/null
create temporary table big as select token, id from jobs.claim('{big}', max_jobs => 130);
select is((select array_agg(distinct status) from (select array_agg(token order by md5(token::text)) as t from big) as s, jobs.release_many(t)),
  '{ready}', 'three claims at once, in no order');
select is((select sum(cardinality(ids))::int from jobs.ready where queue_id = (select id from jobs.queue where name = 'big')), 130, 'all are back');
select is(take(130, '{big}'), array(select id from big order by id), 'in their order');
select is_consistent();
select * from finish();
