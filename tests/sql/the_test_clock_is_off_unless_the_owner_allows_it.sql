\ir lib/setup.sql
select plan(18);

select ok(jobs.now() between clock_timestamp() - interval '1 s' and clock_timestamp(), 'the clock is the server''s');
begin;
select jobs.now() as before \gset
select ok(jobs.now() > :'before', 'it runs on within a transaction');
commit;
select refuses($$ select jobs.set_test_clock('2040-01-01') $$, 'JB006', 'set_test_clock is refused', 'does not allow', 'jobs.setting.test_clock');
select lives_ok($$ select jobs.set_test_clock(null) $$, 'but for giving the real clock back');
set jobs.test_clock = '2040-01-01';
select refuses($$ select jobs.now() $$, 'JB006', 'a session that sets it behind its back cannot go on: now', 'does not allow', 'Reset jobs.test_clock');
select refuses($$ select jobs.enqueue('k') $$, 'JB006', 'nor enqueue', 'does not allow', 'Reset jobs.test_clock');
select refuses($$ select jobs.claim() $$, 'JB006', 'nor claim', 'does not allow', 'Reset jobs.test_clock');
select refuses($$ select jobs.reset_stale_claims() $$, 'JB006', 'nor reset the leases of others', 'does not allow', 'Reset jobs.test_clock');
select refuses($$ select jobs.tick() $$, 'JB006', 'nor tick', 'does not allow', 'Reset jobs.test_clock');
reset jobs.test_clock;
select lives_ok($$ select jobs.enqueue('k') $$, 'without it all is well');

update jobs.setting set test_clock = true;
select ok(jobs.now() between clock_timestamp() - interval '1 s' and clock_timestamp(), 'that it is allowed changes nothing yet');
select jobs.set_test_clock('2040-02-03 04:05:06.789012+05:30') \g /dev/null
select is(jobs.now(), '2040-02-03 04:05:06.789012+05:30', 'the clock stands where it was set');
select is(jobs.now(), '2040-02-03 04:05:06.789012+05:30', 'and stays there');
set timezone = 'America/St_Johns';
set datestyle = 'German';
select is(jobs.now(), '2040-02-02 22:35:06.789012 UTC', 'whatever the session''s time zone and date style');
reset timezone;
reset datestyle;
begin;
select jobs.set_test_clock('2050-01-01') \g /dev/null
rollback;
select is(jobs.now(), '2040-02-03 04:05:06.789012+05:30', 'a rollback undoes a change of it');
select jobs.enqueue('k') as id \gset
select is(created_at, '2040-02-03 04:05:06.789012+05:30', 'what is written then bears that time') from jobs.job where id = :id;
select jobs.set_test_clock(null) \g /dev/null
select ok(jobs.now() between clock_timestamp() - interval '1 s' and clock_timestamp(), 'null gives the real clock back');
update jobs.setting set test_clock = false;
select refuses($$ select jobs.set_test_clock('2040-01-01') $$, 'JB006', 'it can be forbidden again', 'does not allow', 'jobs.setting.test_clock');
select * from finish();
