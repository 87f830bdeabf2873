\ir lib/setup.sql
select plan(28);
select stop_the_clock();

select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3])) \g /dev/null
select min(id) as first, min(id) + 1 as middle, max(id) as last from jobs.job \gset
select * from jobs.claim_job(:middle, null, '90 s') \gset
select is(:'status'::text, 'claimed', 'a ready job is claimed, out of its turn');
select is(:id, :middle, 'that very job');
select is((select until - jobs.now() from jobs.lease), interval '90 s', 'for the lease that was asked for');
select is(take(9), array[:first, :last]::bigint[], 'its neighbours keep their places');
select is(status, 'running', 'a job that runs says so') from jobs.claim_job(:middle);
select is((token, kind, attempt)::text, '(,,)', 'and no more') from jobs.claim_job(:middle);
select jobs.complete(:token) \g /dev/null
select is(status, 'completed', 'so does one that has ended') from jobs.claim_job(:middle);
select is(timeline(:middle), 'enqueued 0, claimed 1, completed 1', 'and its timeline is as short as any');

-- before its time
select jobs.enqueue('k', '{"n": 1}', priority => 7, delay => '1 day', max_attempts => 4, headers => '{"h": 2}', timeout => '1 min') as later \gset
select * from jobs.claim_job(:later) \gset
select is((:'status', :id, :'kind', :'queue', :'args'::jsonb, :'headers'::jsonb, :attempt, :max_attempts, :priority, :'timeout'::interval)::text,
  format('(claimed,%s,k,default,"{""n"": 1}","{""h"": 2}",1,4,7,00:01:00)', :later), 'a scheduled job before its time, with all that claim returns');
select is(timeline(:later), 'enqueued 0, claimed 1', 'it is not promoted');
select advance('2 days');
select jobs.heartbeat(array[:token]::bigint[]) \g /dev/null
select is((select count(*) from jobs.scheduled), 0::bigint, 'and waits no more');

-- pauses and routing do not count
select jobs.enqueue('k', queue => 'p', routing_key => 'eu') as paused \gset
select jobs.pause('p', 'k') \g /dev/null
select is(status, 'claimed', 'a paused, routed job') from jobs.claim_job(:paused);

-- the other states
select jobs.enqueue('k') as skipped \gset
select jobs.skip(claim_of(:skipped)) \g /dev/null
select is(status, 'skipped', 'skipped') from jobs.claim_job(:skipped);
select jobs.enqueue('k') as discarded \gset
select jobs.discard(claim_of(:discarded)) \g /dev/null
select is(status, 'discarded', 'discarded') from jobs.claim_job(:discarded);
select jobs.enqueue('k') as cancelled \gset
select jobs.cancel(:cancelled) \g /dev/null
select is(status, 'cancelled', 'cancelled') from jobs.claim_job(:cancelled);
select jobs.enqueue('k') as dead \gset
select jobs.fail(claim_of(:dead), reason => 'aborted') \g /dev/null
select is(status, 'dead', 'dead') from jobs.claim_job(:dead);
select is(state(:dead), 'dead', 'and nothing has changed');
select jobs.retry(:dead) \g /dev/null
select is(status || attempt, 'claimed1', 'after a retry it can be claimed') from jobs.claim_job(:dead);

-- one whose attempts are spent, since max_attempts was lowered
select jobs.enqueue('lowered') as spent \gset
select jobs.fail(claim_of(:spent), null, '1 hour') \g /dev/null
select jobs.configure_kind('lowered', max_attempts => 1) \g /dev/null
select is(status, 'dead', 'a job that has spent its attempts is not started again') from jobs.claim_job(:spent);
select is(timeline(:spent), 'enqueued 0, claimed 1, failed 1, dead 1', 'but is dead, as the log says');
select is(job(:spent) ->> 'reason', 'exhausted', 'for that reason');

select refuses($$ select jobs.claim_job(0) $$, 'JB004', 'no such job', 'no job 0', 'pruned');
select refuses($$ select jobs.claim_job(null) $$, 'JB004', 'null', 'no job null', 'pruned');
select jobs.enqueue('k') as other \gset
select refuses(format($$ select jobs.claim_job(%s, lease => '0') $$, :other), 'JB002', 'a lease below a second', 'lease is', 'between');
select is(state(:other), 'ready', 'which leaves the job as it was');

-- in a transaction that rolls back
begin;
select claim_of(:other) \g /dev/null
rollback;
select is(state(:other), 'ready', 'a rolled-back claim of one job loses nothing');
begin isolation level repeatable read;
select is(status, 'claimed', 'it works in REPEATABLE READ') from jobs.claim_job(:other);
commit;
select is_consistent();
select * from finish();
