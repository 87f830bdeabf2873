\ir lib/setup.sql
select plan(30);
select stop_the_clock();
create function pauses() returns text[] language sql as $$
  select coalesce(array_agg(concat_ws(' ', p.queue, p.kind, p.paused_by, p.job_id, p.reason) order by p.at, p.queue, p.kind), '{}') from jobs.list_pauses() as p $$;

select jobs.configure_kind('careful', on_dead_policy => 'pause_queue', max_attempts => 2, max_claims => 3, on_dead => 'undertaker') \g /dev/null
select jobs.configure_kind('sick', on_dead_policy => 'pause_kind', max_attempts => 1) \g /dev/null
select jobs.configure_kind('undertaker', queue => 'funerals') \g /dev/null

-- fail
select jobs.enqueue('careful', queue => 'q') as id \gset
select jobs.enqueue('other', queue => 'q') as other \gset
select jobs.fail(claim_of(:id), retry_in => '0') \g /dev/null
select is(pauses(), '{}', 'a failure that is retried pauses nothing');
begin;
select jobs.fail(claim_of(:id)) \g /dev/null
select is(take(9, '{q}'), '{}', 'a death pauses its queue at once, also for the transaction that it is in');
rollback;
select is(pauses(), '{}', 'rolled back, there is no pause');
select jobs.fail(claim_of(:id)) \g /dev/null
select is(pauses(), array[format('q %s job %s (careful) died: exhausted', :id, :id)], 'the pause names the dead job, and why it died');
select is((select (paused, pause_reason)::text from jobs.stats() where queue = 'q'), format('(t,"job %s (careful) died: exhausted")', :id), 'stats too');
select is(take(9, '{q}'), '{}', 'nothing more of the queue is claimed, of whatever kind');
select is(cardinality(take(9)), 1, 'from other queues it is: the undertaker''s');
select jobs.enqueue('careful', queue => 'q') as second \gset
select jobs.fail(claim_of(:second), reason => 'aborted') \g /dev/null
select is(cardinality(pauses()), 1, 'a second death adds nothing');
select jobs.resume('q') \g /dev/null
select is(pauses(), '{}', 'resume clears it');
select is(take(9, '{q}'), array[:other]::bigint[], 'and the queue goes on');

-- every other way to die
select jobs.enqueue('careful', queue => 'lost', max_attempts => 1) as lost \gset
select jobs.enqueue('other', queue => 'lost') as behind \gset
select claim_of(:lost) \g /dev/null
select jobs.tick() \g /dev/null
select advance('31 s');
begin;
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is(pauses(), array[format('lost %s job %s (careful) died: abandoned', :lost, :lost)], 'by the reset of stale claims');
select is((select count(*) from jobs.job_state where kind = 'undertaker'), 3::bigint, 'with its on_dead job');
rollback;
select is((select count(*) from jobs.job_state where kind = 'undertaker'), 2::bigint, 'in one transaction');
select is(take(1, '{lost}'), '{}', 'a claim whose tick finds the stale claim takes nothing more of the queue');
select is(pauses(), array[format('lost %s job %s (careful) died: abandoned', :lost, :lost)], 'since that paused it');
select jobs.resume('lost') \g /dev/null
select is(take(9, '{lost}'), array[:behind]::bigint[], 'after a resume it does');
select jobs.enqueue('careful', queue => 'lost', max_attempts => 1) as lost_too, jobs.enqueue('other', queue => 'lost') \g /dev/null
select claim_of(min(id)) from jobs.job_state where state = 'ready' and queue = 'lost' and kind = 'careful' \g /dev/null
select jobs.tick() \g /dev/null
select advance('31 s');
select is(take(2, '{lost}'), '{}', 'nor does a claim of several, for a death that its tick finds');   -- no transaction around it: it would not tick
select jobs.resume('lost') \g /dev/null

select jobs.enqueue('careful', queue => 'lowered') as lowered \gset
select array_agg(id order by id) as behind from jobs.enqueue_many('other', array_fill('{}'::jsonb, array[3]), queue => 'lowered') \gset
select jobs.fail(claim_of(:lowered), retry_in => '0') \g /dev/null
select tokens(take(3, '{lowered}')) as taken \gset
select count(*) from jobs.release_many(:'taken') \g /dev/null
select jobs.configure_kind('careful', max_attempts => 1) \g /dev/null
begin;
select is(take(9, '{lowered}'), '{}', 'a claim that finds an exhausted job takes nothing after it');
select is(pauses(), array[format('lowered %s job %s (careful) died: exhausted', :lowered, :lowered)], 'since that paused the queue');
rollback;
select is(take(2, '{lowered}'), '{}', 'however many it asks for');
select is((select count(*) from jobs.job_state where queue = 'lowered' and state = 'ready'), 3::bigint, 'the others are ready still');
select jobs.resume('lowered') \g /dev/null
select is((select array_agg(i order by i) from unnest(take(9, '{lowered}')) as i), :'behind'::bigint[], 'and are claimed after a resume');
select jobs.enqueue('careful', queue => 'snoozed') as snoozed \gset
select jobs.snooze(claim_of(:snoozed), '0', max_snoozes => 0) \g /dev/null
select is(pauses(), array[format('snoozed %s job %s (careful) died: rejected', :snoozed, :snoozed)], 'by too many snoozes');
select jobs.resume('snoozed') \g /dev/null

-- a kind
select jobs.enqueue('sick', queue => 's') as sick \gset
select jobs.enqueue('sick', queue => 's2') as sicker \gset
select jobs.enqueue('other', queue => 's') as well \gset
select jobs.fail(claim_of(:sick)) \g /dev/null
select is(pauses(), array[format('sick %s job %s (sick) died: exhausted', :sick, :sick)], 'a death may pause its kind');
select is(take(9, '{s,s2}'), array[:well]::bigint[], 'in every queue, and other kinds go on');
select jobs.resume(kind => 'sick') \g /dev/null
select is(take(9, '{s,s2}'), array[:sicker]::bigint[], 'until it is resumed');

-- what is none, and what is no policy
select jobs.configure_kind('sick', reset => '{on_dead_policy}') \g /dev/null
select jobs.fail(token(:sicker)) \g /dev/null
select is(pauses(), '{}', 'once reset, a death pauses nothing');
select jobs.cancel(jobs.enqueue('careful')), jobs.skip(claim_of(jobs.enqueue('careful'))), jobs.discard(claim_of(jobs.enqueue('careful'))) \g /dev/null
select is(pauses(), '{}', 'nor do jobs that are cancelled, skipped or discarded');
select refuses('select jobs.configure_kind(''k'', on_dead_policy => ''explode'')', 'JB002', 'an unknown policy is refused', 'explode', 'pause_queue');
select is_consistent();
select * from finish();
