\ir lib/setup.sql
select plan(46);
select stop_the_clock() \g /dev/null

-- the same key is the same job
select jobs.enqueue('k', '{"a": 1, "b": 2}', idempotency_key => 'x') as first \gset
select is(jobs.enqueue('k', '{"b": 2.0, "a": 1}', idempotency_key => 'x'), :'first'::bigint, 'the same key and args, written otherwise: the same job');
select isnt(jobs.enqueue('k', '{"a": 1, "b": 2}', idempotency_key => 'y'), :'first'::bigint, 'another key: another job');
select isnt(jobs.enqueue('k', '{"a": 1, "b": 2}', queue => 'q', idempotency_key => 'x'), :'first'::bigint, 'another queue: another job');
select is((select (id, created, mismatch)::text from jobs.enqueue_many('k', array['{"a": 1, "b": 2}'::jsonb], idempotency_key => 'x')), format('(%s,f,f)', :first), 'enqueue_many tells that it was not created');
select is((select count(*) from jobs.job), 3::bigint, 'three jobs exist');
select is(jobs.enqueue('k', '{"a": 1, "b": 2}', idempotency_key => 'x', delay => '1 h', priority => 5), :'first'::bigint, 'other options are no other job');
select is((job(:first) ->> 'priority'), '0', 'and change nothing');

-- what differs is told
select is((select (id, created, mismatch)::text from jobs.enqueue_many('k', array['{"a": 9}'::jsonb], idempotency_key => 'x')), format('(%s,f,t)', :first), 'other args: a mismatch');
select is((select (id, created, mismatch)::text from jobs.enqueue_many('l', array['{"a": 1, "b": 2}'::jsonb], idempotency_key => 'x')), format('(%s,f,t)', :first), 'another kind: a mismatch');
select refuses($$select jobs.enqueue('k', '{"a": 9}', idempotency_key => 'x')$$, 'JB020', 'enqueue, which returns an id only, raises', 'idempotency_key ''x'' has a job already, of another kind', 'key of its own', format('^job %s$', :first));
select is(jobs.enqueue('k', '{"a": 9}', idempotency_key => 'x', on_conflict => 'existing'), :'first'::bigint, 'unless it is told not to');
select refuses($$select jobs.enqueue('k', '{"a": 1, "b": 2}', idempotency_key => 'x', on_conflict => 'error')$$, 'JB021', 'a duplicate is an error on request', 'has a job already$', 'Leave on_conflict out', format('^job %s$', :first));
select refuses($$select jobs.enqueue('k', '{"a": 9}', idempotency_key => 'x', on_conflict => 'error')$$, 'JB020', 'and a mismatch');
select refuses($$select * from jobs.enqueue_many('k', array['{"a": 9}'::jsonb], idempotency_key => 'x', on_conflict => 'match')$$, 'JB020', 'match: an error for a mismatch only');
select is((select created from jobs.enqueue_many('k', array['{"a": 1, "b": 2}'::jsonb], idempotency_key => 'x', on_conflict => 'match')), false, 'and not for the same job');
select isnt(jobs.enqueue('k', idempotency_key => 'z', on_conflict => 'error'), null::bigint, 'a free key is no error');

-- many, also of one key
select results_eq($$
  select e.ord, min(e.ord) over (partition by e.id), e.created, e.mismatch from jobs.enqueue_many('[
    {"kind": "k", "idempotency_key": "m", "args": 1}, {"kind": "k", "idempotency_key": "n", "args": 2},
    {"kind": "k", "args": 2}, {"kind": "k", "idempotency_key": "m", "args": 1}, {"kind": "k", "idempotency_key": "m", "args": 3}]') as e order by 1 $$,
  $$ values (1, 1, true, false), (2, 2, true, false), (3, 3, true, false), (4, 1, false, false), (5, 1, false, true) $$,
  'in one call: the first of each key is created');
select is((select count(*) from jobs.enqueue_many('k', array['1'::jsonb, '1', '2'], idempotency_key => 'o') where created), 1::bigint, 'one key for many: one job');
select results_eq($$ select e.created, e.mismatch from jobs.enqueue_many('k', array['1'::jsonb, '2'], idempotency_key => 'o') as e order by ord $$,
  $$ values (false, false), (false, true) $$, 'and each is told whether it is that one');

-- it outlives its job's end, not its job
select jobs.complete(claim_of(:first), '7') \g /dev/null
select is(jobs.enqueue('k', '{"a": 1, "b": 2}', idempotency_key => 'x'), :'first'::bigint, 'a job that has ended has its key still');
select is(jobs.get(idempotency_key => 'x', queue => 'default') ->> 'result', '7', 'get tells what became of it');
select is(jobs.get(idempotency_key => 'y') ->> 'state', 'ready', 'get by a key that only one queue has');
select is(jobs.get(idempotency_key => 'nobody''s'), null::jsonb, 'get by a key that nobody has');
select is(jobs.get(idempotency_key => 'x', queue => 'nowhere'), null, 'get by a queue that is not there');
select refuses($$select jobs.get(idempotency_key => 'x')$$, 'JB002', 'get by a key of two queues', '2 queues', 'which queue');
select refuses($$select jobs.get(1, idempotency_key => 'x')$$, 'JB002', 'get by both', 'not clear');
select refuses($$select jobs.get(queue => 'q')$$, 'JB002', 'get by a queue alone', 'not clear');
select is(jobs.get(null), null, 'get of null');
select jobs.configure_queue('default', keep => '1 h') \g /dev/null
select advance('2 h') \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select is(jobs.get(idempotency_key => 'x', queue => 'default'), null, 'when it is pruned the key is free');
select is((select count(*) from jobs.unique_key where job_id = :first), 0::bigint, 'its row is gone');
select isnt(jobs.enqueue('k', '{"a": 3}', idempotency_key => 'x'), :'first'::bigint, 'for any job');
select is(jobs.get(idempotency_key => 'y') ->> 'state', 'ready', 'others keep theirs');

-- a time to live
select jobs.enqueue('k', idempotency_key => 't', idempotency_ttl => '10 min') as brief \gset
select advance('9 min 59 s') \g /dev/null
select is(jobs.enqueue('k', idempotency_key => 't', idempotency_ttl => '10 min'), :'brief'::bigint, 'before its time has passed');
select advance('1 s') \g /dev/null
select is(jobs.get(idempotency_key => 't'), null, 'at that instant it is free');
select jobs.enqueue('k', '{"other": true}', idempotency_key => 't', idempotency_ttl => '1 h') as next \gset
select isnt(:'next'::bigint, :'brief'::bigint, 'for another job');
select advance('59 min') \g /dev/null
select is((jobs.get(idempotency_key => 't') ->> 'id')::bigint, :'next'::bigint, 'whose own time counts');
select advance('1 min') \g /dev/null
select is((select count(*) from jobs.unique_key where key = 't'), 1::bigint, 'a row whose time is over is there');
select jobs.maintain() \g /dev/null
select is((select count(*) from jobs.unique_key where key = 't'), 0::bigint, 'until maintain');

-- a rollback frees it
do $$ begin
  begin
    perform jobs.enqueue('k', idempotency_key => 'r'); raise exception 'back';
  exception when raise_exception then null; end;
end $$;
select is(jobs.get(idempotency_key => 'r'), null, 'a rollback to a savepoint frees the key');
select isnt(jobs.enqueue('k', '{"then": 1}', idempotency_key => 'r'), null, 'for any job');

-- a uuid, and long keys
select jobs.enqueue('k', idempotency_key => '3f1c1d7e-6d0f-4a8e-9b39-2f1d9d5b2c11') as mine \gset
select is(jobs.get(idempotency_key => '3f1c1d7e-6d0f-4a8e-9b39-2f1d9d5b2c11') ->> 'id', :'mine', 'a uuid of the caller''s names the job');
select isnt(jobs.enqueue('k', idempotency_key => repeat('é', 512)), null, 'a key of 1024 bytes');
select refuses($$select jobs.enqueue('k', idempotency_key => repeat('é', 512) || 'x')$$, 'JB002', 'one of 1025', '1024 bytes', 'has 1 to 1024 bytes');
select refuses($$select jobs.enqueue('k', idempotency_key => '')$$, 'JB002', 'an empty one', 'empty');
select is((select count(*) from jobs.unique_key where job_id is null), 0::bigint, 'no key is left without a job');
select is_consistent();
select * from finish();
