\ir lib/setup.sql
select plan(10);
select stop_the_clock();

select jobs.enqueue('k') as id \gset
select claim_of(:id) as token \gset
select lives_ok(format('select jobs.assert_claim(%s)', :token), 'a claim that is held is asserted');
begin;
select jobs.assert_claim(:token) \g /dev/null
select is((select array_agg(l.mode) from pg_locks l where l.relation = 'jobs.lease'::regclass and l.pid = pg_backend_pid() and l.mode = 'RowShareLock'),
  '{RowShareLock}', 'its row is locked, so that nobody resets it before the transaction ends');
select is(pg_current_xact_id_if_assigned() is not null, true, 'by this transaction');
commit;
select advance('1 hour');
select lives_ok(format('select jobs.assert_claim(%s)', :token), 'a lease that has ended, but was not reset, is still held');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select refuses(format('select jobs.assert_claim(%s)', :token), 'JB001', 'after a reset it is not', 'stale claim', 'Roll back');
select claim_of(:id) as again \gset
select refuses(format('select jobs.assert_claim(%s)', :token), 'JB001', 'nor when somebody else holds the job', 'stale claim', 'Roll back');
select jobs.complete(:again) \g /dev/null
select refuses(format('select jobs.assert_claim(%s)', :again), 'JB001', 'nor when it is completed', 'stale claim', 'Roll back');
select refuses('select jobs.assert_claim(0)', 'JB001', 'a token of nobody', 'stale claim', 'Roll back');
select refuses('select jobs.assert_claim(null)', 'JB001', 'no token', 'stale claim', 'Roll back');
select is_consistent();
select * from finish();
