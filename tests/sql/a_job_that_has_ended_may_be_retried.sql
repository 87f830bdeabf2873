\ir lib/setup.sql
select plan(41);

create temporary table ended (state text, id bigint, token bigint);
insert into ended select s, jobs.enqueue('k', jsonb_build_object('s', s), queue => 'q', priority => 4, max_attempts => 2, routing_key => 'eu',
  timeout => '50 s', lease => '40 s') from unnest('{dead,cancelled,skipped,discarded,completed}'::text[]) as s;
update ended set token = claim_of(id) where state <> 'cancelled';
select jobs.fail(token, '"e"', reason => 'aborted') from ended where state = 'dead' \g /dev/null
select jobs.cancel(id) from ended where state = 'cancelled' \g /dev/null
select jobs.skip(token) from ended where state = 'skipped' \g /dev/null
select jobs.discard(token) from ended where state = 'discarded' \g /dev/null
select jobs.complete(token, '1') from ended where state = 'completed' \g /dev/null
select is(state(id), state, 'a job is ' || state) from ended;
select is(jobs.retry(id), 'ready', state || ': it is retried') from ended;
select is(state(id), 'ready', state || ': it is ready') from ended;
select is(job(id) ->> 'attempt', '0', state || ': its attempts are at zero') from ended;
select is((select array_agg(distinct (priority, attempt, claims, lease_ms, timeout_ms, routing_key)::text) from jobs.ready), '{"(4,0,0,40000,50000,eu)"}',
  'each has all the options that it had');
select is((select array_agg(args ->> 's') from jobs.claim('{q}', max_jobs => 9)), array(select state from ended), 'and its args, in the order of the retries');
select is(timeline((select id from ended where state = 'dead')), 'enqueued 0, claimed 1, dead 1, retried 0, claimed 1', 'its history stays');
select is((select job(id) -> 'errors' -> 0 -> 'error' from ended where state = 'dead'), '{"message": "e"}', 'with its errors');
select is((select array_agg(jobs.fail(token(id), retry_in => '0')) from ended), '{ready,ready,ready,ready,ready}', 'all attempts are there again: the first');
select is((select array_agg(jobs.fail(claim_of(id))) from ended), '{dead,dead,dead,dead,dead}', 'and the second');

-- not ended
select jobs.enqueue('k') as ready \gset
select jobs.enqueue('k', delay => '1 h') as scheduled \gset
select jobs.enqueue('k') as running \gset
select claim_of(:running) \g /dev/null
select refuses(format('select jobs.retry(%s)', id), 'JB005', 'a job that is ' || state, 'has not ended', 'wait, or cancel', 'its state is ' || state)
from (values ('ready', :ready), ('scheduled', :scheduled), ('running', :running)) as v(state, id);
select refuses('select jobs.retry(0)', 'JB004', 'no such job', 'no job 0', 'pruned');
select refuses('select jobs.retry(null)', 'JB004', 'null', 'no job null', 'pruned');

-- settings that have changed meanwhile
select jobs.enqueue('changed') as changed \gset
select jobs.cancel(:changed) \g /dev/null
select jobs.configure_kind('changed', lease => '99 s') \g /dev/null
select jobs.retry(:changed) \g /dev/null
select is(lease_ms, 99000, 'a kind''s lease is that of the retry''s time') from jobs.ready where :changed = any(ids);

-- many
select count(*) from jobs.enqueue_many('m', array_fill('{}'::jsonb, array[10]), queue => 'm') \g /dev/null
select count(*) from jobs.enqueue_many('n', array_fill('{}'::jsonb, array[10]), queue => 'm') \g /dev/null
select count(*) from jobs.fail_many(array(select token from jobs.claim('{m}', max_jobs => 5)), reasons => array_fill('aborted'::text, array[5])) \g /dev/null
select count(*) from jobs.fail_many(array(select token from jobs.claim('{m}', max_jobs => 15)), reasons => array_fill('rejected'::text, array[15])) \g /dev/null
create function dead() returns text[] language sql as $$
  select coalesce(array_agg(c order by c), '{}') from (
    select s.kind || ' ' || (s.data ->> 'reason') || ' ' || count(*) as c from jobs.job_state s where s.state = 'dead' and s.queue = 'm' group by s.kind, s.data ->> 'reason') as d $$;
select is(dead(), '{"m aborted 5","m rejected 5","n rejected 10"}', 'twenty jobs are dead');
select is((select count(*) from jobs.retry_many('m', 'm', 'aborted', 3)), 3::bigint, 'by queue, kind and reason, up to max_jobs');
select is(dead(), '{"m aborted 2","m rejected 5","n rejected 10"}', 'just those');
select is((select count(*) from jobs.retry_many('m', reason => 'rejected')), 15::bigint, 'by queue and reason');
select is((select count(*) from jobs.retry_many('m', 'n')), 0::bigint, 'none of that kind is left');
select is((select count(*) from jobs.retry_many()), 7::bigint, 'without a condition: every dead job');
select is((select count(*) from jobs.retry_many()), 0::bigint, 'until it is 0');
select is((select count(*) from jobs.job_state where state = 'ready' and queue = 'm'), 20::bigint, 'all are ready');
select is_consistent();
select * from finish();
