\ir lib/setup.sql
select plan(44);
select stop_the_clock();

-- all end well
select jobs.create_batch(
  on_complete => '"report"', on_success => '{"kind": "celebrate", "args": {"to": "ada"}, "queue": "mail", "priority": 7}',
  on_failure => '"complain"', name => 'import 7') as batch \gset
select array_agg(id order by ord) as ids from jobs.enqueue_many('member', array_fill('{}'::jsonb, array[3]), batch => :batch) \gset
select is(jobs.get_batch(:batch), jsonb_build_object('id', :batch, 'name', 'import 7', 'state', 'running', 'jobs', 3,
  'pending', 3, 'completed', 0, 'skipped', 0, 'dead', 0, 'cancelled', 0, 'discarded', 0, 'callbacks', null,
  'created_at', jobs.now(), 'finished_at', null), 'get_batch tells how far it is');
select is(take(2), (:'ids'::bigint[])[1:2], 'its jobs are like others');
select is(count(*), 0::bigint, 'completed') from jobs.complete_many(tokens((:'ids'::bigint[])[1:2]), array['1', '"two"']::jsonb[]);
select is(jobs.get_batch(:batch) ->> 'pending', '1', 'one is left');
select is((select count(*) from jobs.job), 3::bigint, 'nothing is enqueued before the last one');
select jobs.skip(claim_of((:'ids'::bigint[])[3]), 'not needed') \g /dev/null
select is(jobs.get_batch(:batch) ->> 'state', 'finished', 'it is finished');
select is((jobs.get_batch(:batch) ->> 'finished_at')::timestamptz, jobs.now(), 'since now');
select is((select array_agg(kind order by kind) from jobs.job_state where kind <> 'member'), '{celebrate,report}', 'on_complete and on_success are enqueued');
select (jobs.get_batch(:batch) -> 'callbacks' ->> 'on_success')::bigint as callback \gset
select is(job(:callback) -> 'args', jsonb_build_object('to', 'ada', 'batch', jsonb_build_object('id', :batch, 'name', 'import 7',
  'jobs', 3, 'completed', 2, 'skipped', 1, 'dead', 0, 'cancelled', 0, 'discarded', 0)), 'with what became of it');
select is(concat(job(:callback) ->> 'queue', job(:callback) ->> 'priority'), 'mail7', 'and with its own options');
select is((select array_agg(format('%s %s %s %s', id, state, result, reason) order by id) from jobs.batch_jobs(:batch)),
  array[(:'ids'::bigint[])[1] || ' completed 1 ', (:'ids'::bigint[])[2] || ' completed "two" ', (:'ids'::bigint[])[3] || ' skipped  not needed'],
  'batch_jobs has their results, in order');
select is((select array_agg(id) from jobs.batch_jobs(:batch, after => (:'ids'::bigint[])[1], max_jobs => 1)), (:'ids'::bigint[])[2:2], 'page by page');
select refuses(format('select jobs.enqueue(''member'', batch => %s)', :batch), 'JB005', 'nothing can be added then', 'has finished', 'keep_open => true');

-- some do not
create function ends(verb text) returns text language plpgsql as $$
declare
  _batch bigint := jobs.create_batch('"report"', '"celebrate"', '"complain"');
  _good bigint := jobs.enqueue('member', batch => _batch);
  _bad bigint := jobs.enqueue('member', batch => _batch, max_attempts => 1);
begin
  perform jobs.complete(claim_of(_good));
  case verb
    when 'fail' then perform jobs.fail(claim_of(_bad));
    when 'cancel' then perform jobs.cancel(_bad);
    when 'cancel_many' then perform jobs.cancel_many(kind => 'member');
    when 'cancel_batch' then perform jobs.cancel_batch(_batch);
    when 'discard' then perform jobs.discard(claim_of(_bad));
    when 'reset' then
      perform claim_of(_bad);
      perform jobs.set_test_clock(jobs.now() + interval '31 s');
      perform from jobs.reset_stale_claims();
    when 'told' then
      perform claim_of(_bad);
      perform jobs.cancel(_bad);
      perform jobs.release(token(_bad));
    when 'spent' then
      perform jobs.configure_kind('member', max_claims => 1);
      perform jobs.release(claim_of(_bad));
      perform from jobs.claim(kinds => '{member}');
      perform jobs.configure_kind('member', reset => '{max_claims}');
  end case;
  return (select format('%s: %s, %s', b.state, concat_ws(' ', nullif(b.dead, 0) || ' dead', nullif(b.cancelled, 0) || ' cancelled',
    nullif(b.discarded, 0) || ' discarded'), (select string_agg(k, ' ' order by k) from jsonb_object_keys(b.callbacks) as k))
    from jobs.list_batches(_batch) b);
end $$;
select is(ends('fail'), 'finished: 1 dead, on_complete on_failure', 'the last one dies');
select is(ends('cancel'), 'finished: 1 cancelled, on_complete on_failure', 'is cancelled');
select is(ends('cancel_many'), 'finished: 1 cancelled, on_complete on_failure', 'is cancelled with many');
select is(ends('cancel_batch'), 'finished: 1 cancelled, on_complete on_failure', 'is cancelled with its batch');
select is(ends('discard'), 'finished: 1 discarded, on_complete on_failure', 'is discarded');
select is(ends('reset'), 'finished: 1 dead, on_complete on_failure', 'is buried by the reset of stale claims');
select is(ends('told'), 'finished: 1 cancelled, on_complete on_failure', 'is cancelled while it runs');
select is(ends('spent'), 'finished: 1 dead, on_complete on_failure', 'is buried by a claim');
select is_consistent();

-- jobs are added by a member
select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('member', batch => :batch) as parent \gset
select claim_of(:parent) \g /dev/null
begin;
select jobs.enqueue('member', batch => :batch) as child \gset
select jobs.complete(token(:parent)) \g /dev/null
commit;
select is(jobs.get_batch(:batch) ->> 'state', 'running', 'a job that a member adds is waited for');
select jobs.complete(claim_of(:child)) \g /dev/null
select is(jobs.get_batch(:batch) ->> 'state', 'finished', 'until it has ended');

-- empty, open, closed
select jobs.create_batch('"report"') as batch \gset
select is(jobs.get_batch(:batch) ->> 'state', 'running', 'one without jobs waits for them');
select is(jobs.close_batch(:batch), 'finished', 'it is finished when it is closed');
select is(job((jobs.get_batch(:batch) -> 'callbacks' ->> 'on_complete')::bigint) -> 'args' -> 'batch' ->> 'jobs', '0', 'its callback is told of no job');
select is(jobs.close_batch(:batch), 'finished', 'closed again it is as it was');
select jobs.create_batch('"report"', keep_open => true) as batch \gset
select is(jobs.get_batch(:batch) ->> 'state', 'open', 'one may be kept open');
select jobs.enqueue('member', batch => :batch) as job \gset
select is((jobs.get_batch(:batch) ->> 'jobs'), '1', 'it does not count itself');
select jobs.complete(claim_of(:job)) \g /dev/null
select is(jobs.get_batch(:batch) ->> 'state', 'open', 'then it is not finished with its jobs');
select jobs.enqueue('member', batch => :batch) as job \gset
select is(jobs.close_batch(:batch), 'running', 'closed, it waits for those that it has');
select jobs.complete(claim_of(:job)) \g /dev/null
select is((select format('%s %s %s', state, jobs, completed) from jobs.list_batches(:batch)), 'finished 2 2', 'and is finished with the last one');

-- a job is retried
select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('member', batch => :batch) as dies \gset
select jobs.enqueue('member', batch => :batch) as stays \gset
select jobs.fail(claim_of(:dies), reason => 'aborted') \g /dev/null
select jobs.retry(:dies) \g /dev/null
select jobs.complete(claim_of(:stays)) \g /dev/null
select is((select format('%s %s %s', state, pending, dead) from jobs.list_batches(:batch)), 'running 1 0', 'a job that is retried is waited for');
select jobs.fail(claim_of(:dies), reason => 'aborted') \g /dev/null
select is((select format('%s %s %s', state, pending, dead) from jobs.list_batches(:batch)), 'finished 0 1', 'it dies again');
select count(*) as before from jobs.job \gset
select jobs.retry(:dies) \g /dev/null
select jobs.complete(claim_of(:dies)) \g /dev/null
select is((select format('%s %s %s', state, pending, dead) from jobs.list_batches(:batch)), 'finished 0 1', 'what is finished stays so');
select is((select count(*) from jobs.job), :before::bigint, 'and no callback comes twice');

-- both: a batch's jobs that depend on one another
select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('member', batch => :batch) as one \gset
select jobs.enqueue('member', batch => :batch, depends_on => array[:one]::bigint[]) as two \gset
select jobs.cancel(:one) \g /dev/null
select is((select format('%s %s %s', state, cancelled, dead) from jobs.list_batches(:batch)), 'finished 1 1', 'one fails, the next with it, and the batch is finished');
select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('member', batch => :batch, depends_on => array[:one]::bigint[]) as dead_at_once \gset
select is((select format('%s %s', state, dead) from jobs.list_batches(:batch)), 'finished 1', 'even when it is enqueued');

select is((select array_agg(state) from jobs.list_batches(max_batches => 2)), '{finished,finished}', 'batches are listed, newest first');
select is((select count(*) from jobs.list_batches(state => 'running')), 0::bigint, 'by state');
select is((select count(*) from jobs.list_batches(after => (select min(id) from jobs.list_batches()))), 0::bigint, 'page by page');
select is((select min(id) - max(id) < 0 from jobs.list_batches()), true, 'all of them');
select is_consistent();
select * from finish();
