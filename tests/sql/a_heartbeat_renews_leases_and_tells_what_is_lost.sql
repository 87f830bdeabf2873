\ir lib/setup.sql
select plan(31);
select stop_the_clock();

select jobs.register_worker('w') as worker \gset
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3])) \g /dev/null
select array_agg(token) as t, min(id) as first, max(id) as last from jobs.claim(null, :'worker', 3) \gset
select (:'t'::bigint[])[1] as t1, (:'t'::bigint[])[2] as t2, (:'t'::bigint[])[3] as t3 \gset
create function lease_left() returns interval language sql as $$ select until - jobs.now() from jobs.lease order by claim limit 1 $$;

select is(lease_left(), interval '30 s', 'a lease is 30 s long');
select advance('20 s');
select is_empty(format('select from jobs.heartbeat(%L)', :'t'), 'a heartbeat has nothing to say of what is held');
select is(lease_left(), interval '30 s', 'it renews the lease from now');
select is_empty('select from jobs.reset_stale_claims()', 'so that nothing is reset');
select advance('25 s');
select is_empty(format('select from jobs.heartbeat(array[%s])', :t2), 'one token of a claim will do');
select is(lease_left(), interval '30 s', 'for all of it');
select is_empty('select from jobs.heartbeat(''{}'')', 'no tokens, no rows');

-- a lease that has ended, but was not reset, is renewed too
select advance('31 s');
select ok(lease_left() < interval '0', 'the lease has ended meanwhile');
select is_empty(format('select from jobs.heartbeat(%L)', :'t'), 'it is not lost before it is reset');
select is(lease_left(), interval '30 s', 'and a heartbeat that comes in time saves it');

-- lost
select jobs.complete(:t1) \g /dev/null
select is(array(select (h.token, status)::text from jobs.heartbeat(array[:t1, :t2, :t3]) as h), array[format('(%s,lost)', :t1)],
  'a token whose job has ended is lost, its neighbours are not');
select advance('31 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is((select array_agg(status) from jobs.heartbeat(array[:t2, :t3])), '{lost,lost}', 'after a reset they are lost');
select is((select array_agg(status) from jobs.heartbeat(array[:t2, :t2])), '{lost,lost}', 'a row for each token given');

-- cancellation
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[3]), queue => 'c') \g /dev/null
select array_agg(token) as t, min(id) as first from jobs.claim('{c}', max_jobs => 3) \gset
select jobs.cancel(:first + 1) \g /dev/null
select is(array(select (h.token, status)::text from jobs.heartbeat(:'t') as h), array[format('(%s,cancel_requested)', (:'t'::bigint[])[2])],
  'one of a block is to be cancelled: that is told, of it alone');
select is((select array_agg(status) from jobs.heartbeat(:'t')), '{cancel_requested}', 'at every heartbeat');
select is((select until - jobs.now() from jobs.lease where :first = any(ids)), interval '30 s', 'the lease is renewed all the same');
select is(jobs.fail((:'t'::bigint[])[2]), 'cancelled', 'what the worker then reports ends it as cancelled');
select is((select array_agg(status) from jobs.heartbeat(:'t')), '{lost}', 'after which it is lost');

-- a timeout
select jobs.enqueue('k', queue => 't', timeout => '60 s') as timed \gset
select token as timed_token from jobs.claim('{t}', lease => '30 s') \gset
select is((select deadline - jobs.now() from jobs.lease where :timed = any(ids)), interval '90 s', 'a job with a timeout has a deadline: timeout and lease');
select advance('25 s');
select is_empty(format('select from jobs.heartbeat(array[%s])', :timed_token), 'until then');
select advance('25 s');
select is_empty(format('select from jobs.heartbeat(array[%s])', :timed_token), 'heartbeats renew');
select advance('25 s');
select is_empty(format('select from jobs.heartbeat(array[%s])', :timed_token), 'its lease');
select is((select until = deadline from jobs.lease where :timed = any(ids)), true, 'but not beyond it');
select advance('15 s');
select is((select array_agg(status) from jobs.heartbeat(array[:timed_token])), '{lost}', 'at the deadline it is lost');
select is((select array_agg((id, attempt, status, reason)::text) from jobs.reset_stale_claims() where id = :timed),
  array[format('(%s,1,scheduled,)', :timed)], 'and reset, however much its worker beats');

-- the length of the lease is the one it was claimed with
select jobs.enqueue('k', queue => 'own', lease => '5 min') as own \gset
select token as own_token from jobs.claim('{own}', lease => '10 s') \gset
select advance('4 min');
select jobs.heartbeat(array[:own_token]) \g /dev/null
select is((select until - jobs.now() from jobs.lease where :own = any(ids)), interval '5 min', 'the job''s own');
select jobs.enqueue('k', queue => 'claimers') as id \gset
select token from jobs.claim('{claimers}', lease => '10 min') \gset
select advance('9 min');
select jobs.heartbeat(array[:token]) \g /dev/null
select is((select until - jobs.now() from jobs.lease where :id = any(ids)), interval '10 min', 'or the claimer''s');

-- the registry
select isnt(seen_at, jobs.now(), 'a worker was seen some time ago') from jobs.worker;
select jobs.heartbeat('{}', :'worker') \g /dev/null
select is(seen_at, jobs.now(), 'a heartbeat that names it says that it lives') from jobs.worker;
select lives_ok($$ select jobs.heartbeat('{}', gen_random_uuid()) $$, 'an unknown worker is no error');
select is_consistent();
select * from finish();
