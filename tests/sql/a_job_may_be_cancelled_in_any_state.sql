\ir lib/setup.sql
select plan(44);
select stop_the_clock();

-- ready, in a block
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[60])) \gset
select (:'ids'::bigint[])[1] as i1 \gset
select is(jobs.cancel(:i1 + 30, 'no longer wanted'), 'cancelled', 'a ready job is cancelled');
select is(job(:i1 + 30) ->> 'state', 'cancelled', 'that is its state');
select is(job(:i1 + 30) ->> 'reason', 'no longer wanted', 'its reason is kept');
select is(timeline(:i1 + 30), 'enqueued 0, cancelled 0', 'its timeline ends');
select is((select array_agg(ids) from jobs.ready), array[array_remove(:'ids'::bigint[], :i1 + 30)], 'its neighbours keep their places');
select is(jobs.cancel(:i1 + 30), 'cancelled', 'again changes nothing');
select is(timeline(:i1 + 30), 'enqueued 0, cancelled 0', 'in the log either');
select is(jobs.cancel(:i1) || jobs.cancel(:i1 + 59), 'cancelledcancelled', 'the first and the last of a block');
select is(take(99), (select array_agg(i order by i) from unnest(:'ids'::bigint[]) as i where i not in (:i1, :i1 + 30, :i1 + 59)), 'the others are claimed');
select jobs.enqueue('k') as alone \gset
select jobs.cancel(:alone) \g /dev/null
select is((select count(*) from jobs.ready), 0::bigint, 'a block of one is gone');

-- scheduled
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3]), delay => '1 hour') \gset
select (:'ids'::bigint[])[1] as i1 \gset
select is(jobs.cancel(:i1 + 1), 'cancelled', 'a scheduled job is cancelled');
select is((select array_agg(ids) from jobs.scheduled), array[array[:i1, :i1 + 2]]::bigint[], 'its neighbours wait on');
select jobs.enqueue('k') as failed \gset
select jobs.fail(claim_of(:failed), retry_in => '1 day') \g /dev/null
select is(jobs.cancel(:failed), 'cancelled', 'so is one that waits for its next attempt');
select is(timeline(:failed), 'enqueued 0, claimed 1, failed 1, cancelled 1', 'its attempts stay charged');

-- ready again, far behind its id: released, promoted, retried
select jobs.enqueue('k') as released \gset
select jobs.release(claim_of(:released)) \g /dev/null
select jobs.enqueue('k', delay => '1 s') as promoted \gset
select jobs.enqueue('k') as retried \gset
select jobs.fail(claim_of(:retried), reason => 'aborted') \g /dev/null
select jobs.retry(:retried) \g /dev/null
select jobs.enqueue('k') as immediate \gset
select jobs.fail(claim_of(:immediate), retry_in => '0') \g /dev/null
select jobs.enqueue('k') as lost \gset
select advance('2 s');
select jobs.tick() \g /dev/null
select token(:lost) \g /dev/null
select is(jobs.cancel(:released), 'cancelled', 'a released job');
select is(jobs.cancel(:promoted), 'cancelled', 'a promoted one');
select is(jobs.cancel(:retried), 'cancelled', 'a retried one');
select is(jobs.cancel(:immediate), 'cancelled', 'one that failed and is ready at once');
select claim_of(:lost) \g /dev/null
select advance('31 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is(jobs.cancel(:lost), 'cancelled', 'one whose lease ended');

-- running
create temporary table running as
select v.verb, v.status, jobs.enqueue('k') as id, null::bigint as token
from (values ('fail', 'cancelled'), ('release', 'cancelled'), ('complete', 'completed'), ('skip', 'skipped'), ('discard', 'discarded')) as v(verb, status);
update running set token = claim_of(id);
select is(jobs.cancel(id, 'stop'), 'cancel_requested', 'a running job is told: ' || verb) from running;
select is(state(id), 'running', 'it runs on') from running where verb = 'fail';
select is(job(id) -> 'cancel_requested', 'true', 'get says so') from running where verb = 'fail';
select is((select array_agg(distinct status) from jobs.heartbeat(array(select token from running))), '{cancel_requested}', 'and its worker''s heartbeat');
create function finish_with(verb text, token bigint) returns text language plpgsql as $$
declare _status text;
begin execute format('select jobs.%I(%s)', verb, token) into _status; return _status; end $$;
select is(finish_with(verb, token), status, format('its worker calls %s: %s', verb, status)) from running;
select is(timeline(id), 'enqueued 0, claimed 1, cancel_requested 1, ' || case verb when 'release' then 'cancelled 0' else status || ' 1' end, 'the log, ' || verb)
from running where verb in ('fail', 'release', 'complete');
select jobs.enqueue('k') as dies \gset
select claim_of(:dies) \g /dev/null
select jobs.cancel(:dies) \g /dev/null
select advance('31 s');
select is((select array_agg((attempt, status)::text) from jobs.reset_stale_claims()), '{"(1,cancelled)"}', 'its worker dies: cancelled as well');

-- ended
create temporary table ended as select id, state(id) as state from running union all select :dies, 'cancelled';
select is(jobs.cancel(id), state, 'a job that has ended is left as it is: ' || state) from ended where state in ('completed', 'skipped', 'discarded');
select jobs.enqueue('k') as dead \gset
select jobs.fail(claim_of(:dead), reason => 'aborted') \g /dev/null
select is(jobs.cancel(:dead), 'dead', 'a dead one too');

select refuses('select jobs.cancel(0)', 'JB004', 'no such job', 'no job 0', 'pruned');
select refuses('select jobs.cancel(null)', 'JB004', 'null', 'no job null', 'pruned');
select jobs.enqueue('k') as long_reason \gset
select jobs.cancel(:long_reason, repeat('é', 2000)) \g /dev/null
select is(job(:long_reason) ->> 'reason', repeat('é', 512), 'a long reason is cut between characters');
select is_consistent();
select * from finish();
