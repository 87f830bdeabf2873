\ir lib/setup.sql
select plan(31);
select stop_the_clock();

select jobs.enqueue('k', max_attempts => 1) as id \gset
select claim_of(:id) as token \gset
select is(jobs.snooze(:token, '1 hour'), 'scheduled', 'a job is snoozed');
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '1 hour', 'by the delay given');
select is(job(:id) ->> 'attempt', '0', 'its attempt is given back');
select is(jobs.snooze(:token, '1 hour'), 'already_done', 'the same again is already done');
select refuses(format('select jobs.complete(%s)', :token), 'JB001', 'another outcome is refused', 'stale claim', 'Roll back');
select advance('1 hour');
select jobs.tick() \g /dev/null
select * from jobs.claim() \gset
select is(:attempt, 1, 'when it is claimed again, it is on its first attempt');
select is(jobs.snooze(:token, until => '2030-01-02 00:00+00'), 'scheduled', 'until a moment');
select is(job(:id) ->> 'run_at', to_jsonb('2030-01-02 00:00+00'::timestamptz) #>> '{}', 'that moment');
select is(timeline(:id), 'enqueued 0, claimed 1, snoozed 0, promoted 0, claimed 1, snoozed 0', 'the log has it');
select is(jobs.snooze(claim_of(:id), until => '1999-01-01'), 'ready', 'a moment that has passed means now');
select is(jobs.snooze(claim_of(:id), '0'), 'ready', 'no delay means now');

-- it is no failure: neither attempts nor claims run out
select jobs.configure_kind('few', max_claims => 2) \g /dev/null
select jobs.enqueue('few', max_attempts => 1) as few \gset
select is(array(select jobs.snooze(claim_of(:few), least(interval '0', n * interval '1 s')) from generate_series(1, 5) as n),
  '{ready,ready,ready,ready,ready}', 'it may be snoozed more often than it may be claimed');
select is(jobs.complete(claim_of(:few)), 'completed', 'and then completes');

-- unless the handler says how often
select jobs.enqueue('k') as limited \gset
select is(array(select jobs.snooze(claim_of(:limited), least(interval '0', n * interval '1 s'), max_snoozes => 3) from generate_series(1, 4) as n),
  '{ready,ready,ready,dead}', 'beyond max_snoozes it is dead');
select is(job(:limited) ->> 'reason', 'rejected', 'as rejected');
select is(job(:limited) #>> '{error,type}', 'TooManySnoozes', 'its error says so');
select jobs.retry(:limited) \g /dev/null
select is(jobs.snooze(claim_of(:limited), '0', max_snoozes => 3), 'ready', 'after a retry its snoozes count from zero');
select jobs.enqueue('k') as never \gset
select is(jobs.snooze(claim_of(:never), '0', max_snoozes => 0), 'dead', 'max_snoozes 0: not even once');

-- with a failure before: attempts charged by failures stay charged
select jobs.enqueue('k', max_attempts => 2) as mixed \gset
select jobs.fail(claim_of(:mixed), retry_in => '0') \g /dev/null
select jobs.snooze(claim_of(:mixed), '0') \g /dev/null
select is(timeline(:mixed), 'enqueued 0, claimed 1, failed 1, claimed 2, snoozed 1', 'only the snoozed attempt is given back');
select is(jobs.fail(claim_of(:mixed)), 'dead', 'so that the next failure is the last');

select jobs.enqueue('k') as cancelled \gset
select claim_of(:cancelled) as token \gset
select jobs.cancel(:cancelled) \g /dev/null
select is(jobs.snooze(:token, '1 hour'), 'cancelled', 'a job whose cancellation was requested ends');

select jobs.enqueue('k') as other \gset
select claim_of(:other) as token \gset
select refuses(format('select jobs.snooze(%s)', :token), 'JB002', 'neither delay nor until', 'snooze', 'either delay');
select refuses(format('select jobs.snooze(%s, ''1 s'', ''2031-01-01'')', :token), 'JB002', 'both', 'snooze', 'either delay');
select refuses(format('select jobs.snooze(%s, ''-1 s'')', :token), 'JB002', 'a negative delay', 'snooze', 'not negative');
select refuses(format('select jobs.snooze(%s, ''300000 years'')', :token), 'JB002', 'a delay without end', 'snooze', '1000 years');
select refuses(format('select jobs.snooze(%s, until => ''infinity'')', :token), 'JB002', 'until the end of time', 'snooze', 'finite');
select refuses(format('select jobs.snooze(%s, until => ''-infinity'')', :token), 'JB002', 'until before all time', 'snooze', 'finite');
select refuses('select jobs.snooze(1, ''1 s'')', 'JB001', 'a token of nobody', 'stale claim', 'Roll back');
select refuses('select jobs.snooze(null, ''1 s'')', 'JB001', 'no token', 'stale claim', 'Roll back');
select is(state(:other), 'running', 'none of these ended the claim');
select is_consistent();
select * from finish();
