\ir lib/setup.sql
select plan(22);
select stop_the_clock();
select jobs.configure_kind('part', on_dead_policy => 'cancel_batch', max_attempts => 1) \g /dev/null
create function states(batch bigint) returns text[] language sql as $$
  select array_agg(b.state order by b.id) from jobs.batch_jobs(batch) as b $$;

select jobs.create_batch(on_failure => '"mend"') as batch \gset
select jobs.enqueue('part', batch => :batch) as first, jobs.enqueue('part', batch => :batch) as running,
  jobs.enqueue('part', batch => :batch) as ready, jobs.enqueue('part', batch => :batch, delay => '1 h') as scheduled,
  jobs.enqueue('part') as outsider \gset
select claim_of(:running) as token \gset
select is(states(:batch), '{ready,running,ready,scheduled}', 'a batch is under way');
begin;
select jobs.fail(claim_of(:first)) \g /dev/null
select is((select array_agg(id) from jobs.doomed_batch), array[:batch]::bigint[], 'a death dooms it, in its own transaction');
rollback;
select is((select count(*) from jobs.doomed_batch), 0::bigint, 'rolled back, it does not');
select jobs.fail(claim_of(:first)) \g /dev/null
select is(states(:batch), '{dead,running,ready,scheduled}', 'nothing is cancelled yet');
select ok(jobs.tick(), 'the next tick');
select is(states(:batch), '{dead,running,cancelled,cancelled}', 'cancels what waits');
select is((select array_agg(status) from jobs.heartbeat(array[:token]::bigint[])), '{cancel_requested}', 'and tells what runs');
select is(job(:ready) ->> 'reason', format('job %s (part) died: exhausted', :first), 'with the reason');
select is(state(:outsider), 'ready', 'a job without a batch is not concerned');
select is((select count(*) from jobs.list_pauses()), 0::bigint, 'nothing is paused');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.doomed_batch), 1::bigint, 'it stays doomed until it is finished');
select is((select count(*) from jobs.event where type = 'cancel_requested'), 1::bigint, 'what was told is not told again');
select jobs.enqueue('part', batch => :batch) as late \gset
select jobs.tick() \g /dev/null
select is(state(:late), 'cancelled', 'so that what is added is cancelled too');
select jobs.fail(:token) \g /dev/null
select is(states(:batch), '{dead,cancelled,cancelled,cancelled,cancelled}', 'what was told ends as cancelled');
select is(jobs.get_batch(:batch) ->> 'state', 'finished', 'and the batch is finished');
select is((select count(*) from jobs.job_state where kind = 'mend'), 1::bigint, 'and has failed');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.doomed_batch), 0::bigint, 'then it is forgotten');

-- an open one, found by the reset of stale claims; and a job that has none
select jobs.create_batch(keep_open => true) as open \gset
select jobs.enqueue('part', batch => :open, lease => '1 s') as lost \gset
select claim_of(:lost) \g /dev/null
select advance('6 s');
select jobs.tick() \g /dev/null
select is(state(:lost), 'dead', 'a lost lease');
select jobs.tick() \g /dev/null
select is(jobs.get_batch(:open) ->> 'state', 'finished', 'closes an open batch');
select jobs.fail(claim_of(:outsider)) \g /dev/null
select is((select count(*) from jobs.doomed_batch where id is distinct from :open), 0::bigint, 'the death of a job without a batch dooms none');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.doomed_batch), 0::bigint, 'none is left');
select is_consistent();
select * from finish();
