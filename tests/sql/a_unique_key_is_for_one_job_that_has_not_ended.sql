\ir lib/setup.sql
select plan(70);
select stop_the_clock() \g /dev/null
select jobs.configure_kind('k', backoff => '{"strategy": "constant", "base": 60, "jitter": 0}', max_attempts => 2) \g /dev/null
create function u(key text, options jsonb default null, args jsonb default '{}') returns bigint language sql as $$
  select jobs.enqueue('k', u.args, unique_key => u.key, unique_options => u.options) $$;

-- while it has not ended
select u('a') as a \gset
select is(u('a'), :'a'::bigint, 'ready: the same job');
select is(u('a', args => '{"other": 1}'), :'a'::bigint, 'also with other args');
select is(job(:a) -> 'args', '{}', 'which are not taken');
select is((select (id, created, mismatch)::text from jobs.enqueue_many('l', array['9'::jsonb], unique_key => 'a')), format('(%s,f,f)', :a), 'nor is that, or another kind, a mismatch');
select refuses($$select jobs.enqueue('k', unique_key => 'a', on_conflict => 'error')$$, 'JB021', 'an error on request', 'unique_key ''a'' has a job', 'Leave', format('^job %s$', :a));
select isnt(jobs.enqueue('k', queue => 'q', unique_key => 'a'), :'a'::bigint, 'another queue: another job');
select isnt(jobs.enqueue('k', idempotency_key => 'a'), :'a'::bigint, 'an idempotency_key is another key');
select claim_of(:a) as token \gset
select is(u('a'), :'a'::bigint, 'running: the same job');
select jobs.fail(:token) \g /dev/null
select is(u('a'), :'a'::bigint, 'scheduled for a retry: the same job');
select is_consistent();
select jobs.complete(claim_of(:a)) \g /dev/null
select is((select count(*) from jobs.unique_key where job_id = :a), 0::bigint, 'completed: its row is gone');
select isnt(u('a'), :'a'::bigint, 'and a new job takes the key');

-- however it ends, the key is free in that transaction
create temporary table done as select w, u(w) as id from unnest('{skip,discard,dead,stale,cancel,cancel_running,cancel_many,cancel_scheduled,many,some,work,given_up}'::text[]) as w;
create temporary table held as select w, claim_of(id) as token from done where w not in ('cancel', 'cancel_many', 'cancel_scheduled');
create function t(w text) returns bigint language sql as $$ select token from held where held.w = t.w $$;
create function is_free(key text) returns text language sql as $$
  select ok(not exists (select from jobs.unique_key k where k.key = is_free.key and k.type = 'unique'), is_free.key || ': the key is free') $$;
select jobs.skip(t('skip')) \g /dev/null
select jobs.discard(t('discard')) \g /dev/null
select jobs.fail(t('dead'), reason => 'aborted') \g /dev/null
select jobs.cancel(id) from done where w in ('cancel', 'cancel_running') \g /dev/null
select jobs.fail(t('cancel_running')) \g /dev/null
select count(*) from jobs.complete_many(array[t('many')]) \g /dev/null
select count(*) from jobs.work('{none}', completed => array[t('work')]) \g /dev/null
select count(*) from jobs.fail_many(array[t('given_up')], reasons => '{rejected}') \g /dev/null
select is_free(w) from done where w in ('skip', 'discard', 'dead', 'cancel', 'cancel_running', 'many', 'work', 'given_up');
select jobs.cancel_many(kind => 'k') \g /dev/null
select is_free('cancel_many');
select jobs.configure_kind('k', max_attempts => 1) \g /dev/null
select advance('1 min') \g /dev/null
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is_free('stale');
select is((select state(id) from done where w = 'stale'), 'dead', 'as the reset of stale claims buries it');

-- one that is retried has it again
select id as dead from done where w = 'dead' \gset
select is(jobs.retry(:dead), 'ready', 'a dead job whose key is free is retried');
select is(u('dead'), :'dead'::bigint, 'and has the key');
select jobs.cancel(:dead) \g /dev/null
select u('dead') as heir \gset
select refuses(format('select jobs.retry(%s)', :dead), 'JB005', 'not while another job has it', 'another job by now', 'cancel that one', format('^job %s$', :heir));
select id as stale from done where w = 'stale' \gset
select jobs.fail(claim_of(jobs.enqueue('k')), reason => 'aborted') \g /dev/null
select isnt(u('given_up'), null::bigint, 'a key of a dead job is taken');
select is((select count(*) from jobs.retry_many(kind => 'k', dry_run => true)), 3::bigint, 'a dry run of retry_many knows that it cannot be retried');
select is((select count(*) from jobs.retry_many(kind => 'k')), 3::bigint, 'retry_many leaves that one');
select is((select array_agg(w order by w) from done where state(id) = 'dead'), '{given_up}', 'and that one only');
select is_consistent();

-- which states count
select u('s', '{"states": ["ready", "scheduled"]}') as s \gset
select is(u('s', '{"states": ["ready", "scheduled"]}'), :'s'::bigint, 'states: while it waits');
select claim_of(:s) as token \gset
select u('s', '{"states": ["ready", "scheduled"]}') as later \gset
select isnt(:'later'::bigint, :'s'::bigint, 'another one while it runs');
select jobs.complete(:token) \g /dev/null
select is(u('s', '{"states": ["ready", "scheduled"]}'), :'later'::bigint, 'which has the key when the first has ended');
select u('c', '{"states": ["ready", "running", "completed"]}') as c \gset
select jobs.complete(claim_of(:c)) \g /dev/null
select is(u('c'), :'c'::bigint, 'states: also when it is completed');
select jobs.configure_queue('default', keep => '1 h') \g /dev/null
select advance('2 h') \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select is_free('c');

-- a window
select u('w', '{"window": 60}') as w \gset
select jobs.cancel(:w) \g /dev/null
select advance('59 s') \g /dev/null
select is(u('w', '{"window": 60}'), :'w'::bigint, 'window: whatever became of it');
select is(jobs.retry(:w), 'ready', 'it has the key itself');
select advance('1 s') \g /dev/null
select u('w', '{"window": 60}') as w2 \gset
select isnt(:'w2'::bigint, :'w'::bigint, 'until it is over, whatever it does');
select u('v', '{"window": 60, "states": ["ready"]}') as v \gset
select jobs.cancel(:v) \g /dev/null
select isnt(u('v', '{"window": 60, "states": ["ready"]}'), :'v'::bigint, 'window and states: both');

-- with an idempotency_key
select jobs.enqueue('k', unique_key => 'b', idempotency_key => 'i') as both \gset
select is(jobs.enqueue('k', unique_key => 'c', idempotency_key => 'i'), :'both'::bigint, 'the idempotency_key goes first');
select is_free('c');
select is(jobs.enqueue('k', unique_key => 'b', idempotency_key => 'j'), :'both'::bigint, 'a new one does not help');
select is(jobs.get(idempotency_key => 'j'), null::jsonb, 'and is not used up');

-- cancelled, and looked at, by key
select is((jobs.get(unique_key => 'b') ->> 'id')::bigint, :'both'::bigint, 'get by unique_key');
select is(array[jobs.has_in_flight(unique_key => 'b'), jobs.has_in_flight('k', 'default', '{}', 'b'), jobs.has_in_flight('l', unique_key => 'b'),
  jobs.has_in_flight(queue => 'q', unique_key => 'b'), jobs.has_in_flight(args => '[]', unique_key => 'b')], '{t,t,f,f,f}', 'has_in_flight by unique_key, and what else is asked');
select is(jobs.cancel(unique_key => 'b', reason => 'enough'), 'cancelled', 'cancel by unique_key');
select is(jobs.get(unique_key => 'b'), null::jsonb, 'then nobody has it');
select is(jobs.has_in_flight(unique_key => 'b'), false, 'none is in flight');
select is(jobs.cancel(idempotency_key => 'i'), 'cancelled', 'cancel by idempotency_key tells the state');
select refuses($$select jobs.cancel(unique_key => 'b')$$, 'JB004', 'nobody''s key', 'no job b');
select refuses($$select jobs.cancel(1, unique_key => 'b')$$, 'JB002', 'an id and a key', 'not clear');
select refuses($$select jobs.get(idempotency_key => 'i', unique_key => 'b')$$, 'JB002', 'two keys', 'not clear');

-- what cannot be
select refuses(format('select jobs.enqueue(''k'', unique_key => ''z'', unique_options => %L)', o), 'JB002', o, m)
from (values ('[]', 'not a JSON object'), ('{"state": []}', 'no ''state'''), ('{"states": []}', 'states of'), ('{"states": ["late"]}', 'states of'),
  ('{"states": "ready"}', 'states of'), ('{"window": "60"}', 'window of'), ('{"window": 0}', 'window of'), ('{"replace": ["kind"]}', 'replace of'), ('{"replace": [1]}', 'replace of')) as v(o, m);
select refuses($$select jobs.enqueue('k', unique_options => '{}')$$, 'JB002', 'unique_options alone', 'without a unique_key');
select refuses($$select jobs.enqueue('k', idempotency_ttl => '1 h')$$, 'JB002', 'idempotency_ttl alone', 'without an idempotency_key');
select refuses($$select jobs.enqueue('k', idempotency_key => 'z', idempotency_ttl => '-1 h')$$, 'JB002', 'a ttl in the past', 'idempotency_ttl is');
select refuses($$select jobs.enqueue('k', on_conflict => 'error')$$, 'JB002', 'on_conflict alone', 'without an idem');
select refuses($$select jobs.enqueue('k', unique_key => 'z', on_conflict => 'ignore')$$, 'JB002', 'on_conflict unknown', 'on_conflict is ''ignore''', 'existing');
select refuses($$select * from jobs.enqueue_many('[{"kind": "k"}, {"kind": "k", "unique_key": "z", "unique_options": 1}]')$$, 'JB002', 'in enqueue_many', 'at index 2');
select is((select count(*) from jobs.unique_key where job_id is null), 0::bigint, 'no key is left without a job');
select is_consistent();
select * from finish();
