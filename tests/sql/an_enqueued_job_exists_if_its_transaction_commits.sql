\ir lib/setup.sql
select plan(23);

select jobs.enqueue('greet', '{"a": 1}') as id \gset
select is(state(:id), 'ready', 'a job enqueued in autocommit is ready at once');

begin;
select jobs.enqueue('greet', '{"a": 2}') as lost \gset
select is(state(:lost), 'ready', 'its own transaction sees the job');
rollback;
select is(jobs.get(:lost), null, 'a rolled-back enqueue leaves no job');
select is_empty('select from jobs.ready where 2 = cardinality(ids)', 'and nothing to claim');

begin;
select jobs.enqueue('before') as kept_before \gset
savepoint s;
select jobs.enqueue('a kind that is new', queue => 'a queue that is new') as lost \gset
rollback to s;
select jobs.enqueue('after') as kept_after \gset
commit;
select is(jobs.get(:lost), null, 'an enqueue in a savepoint that rolls back leaves no job');
select is(state(:kept_before), 'ready', 'the job from before that savepoint is kept');
select is(state(:kept_after), 'ready', 'and so is the one from after it');
select is_empty($$ select from jobs.kind where name = 'a kind that is new' $$, 'the new kind went with its job');
select isnt(jobs.enqueue('a kind that is new', queue => 'a queue that is new'), null,
  'the names that were rolled back can be used again in the same session');

begin isolation level repeatable read;
select jobs.enqueue('first of its kind in repeatable read', queue => 'rr') as rr_new \gset
select jobs.enqueue('greet') as rr \gset
commit;
select is(state(:rr), 'ready', 'REPEATABLE READ enqueues');
select is(state(:rr_new), 'ready', 'REPEATABLE READ enqueues a new kind on a new queue');

begin isolation level serializable;
select jobs.enqueue('first of its kind in serializable', queue => 'ser', priority => 3) as ser_new \gset
select jobs.enqueue('greet', delay => '1 hour') as ser \gset
commit;
select is(state(:ser), 'scheduled', 'SERIALIZABLE enqueues');
select is(state(:ser_new), 'ready', 'SERIALIZABLE enqueues a new kind on a new queue');

begin isolation level serializable;
select jobs.enqueue('greet') as lost \gset
rollback;
select is(jobs.get(:lost), null, 'a rolled-back SERIALIZABLE enqueue leaves no job');

begin;
select count(*) from jobs.enqueue_many('greet', array_fill('{}'::jsonb, array[100])) \g /dev/null
select jobs.cancel(:id) \g /dev/null
rollback;
select is((select count(*) from jobs.job), 8::bigint,
  'a rolled-back enqueue_many leaves no job');
select is(state(:id), 'ready', 'a rolled-back cancel leaves its job as it was');

begin;
select take(1, '{default}') as taken \gset
select is(state(:id), 'running', 'a claim holds its job');
rollback;
select is(state(:id), 'ready', 'a rolled-back claim loses nothing');
select is(take(1, '{default}'), array[:id]::bigint[], 'and the job keeps its place in the queue');

begin;
select jobs.complete(token(:id), '"done"') \g /dev/null
rollback;
select is(state(:id), 'running', 'a rolled-back completion leaves the claim held');
select is(jobs.complete(token(:id)), 'completed', 'so the job can be completed after all');

do $$
begin
  perform jobs.enqueue('greet', '{"swallowed": true}');
  raise exception 'no';
exception when raise_exception then null;
end $$;
select is_empty($$ select from jobs.job where args ? 'swallowed' $$,
  'an exception block that swallows an error takes the enqueue with it');
select is_consistent();
select * from finish();
