\ir lib/setup.sql
select plan(24);
select stop_the_clock();

select is(jobs.has_in_flight('k'), false, 'no such kind');
select is(jobs.has_in_flight(queue => 'q'), false, 'no such queue');
select jobs.enqueue('k', '{"user": 7, "n": 1}', queue => 'q') as ready \gset
select is(jobs.has_in_flight('k'), true, 'a ready job, by kind');
select is(jobs.has_in_flight(queue => 'q'), true, 'by queue');
select is(jobs.has_in_flight('k', 'q'), true, 'by both');
select is(jobs.has_in_flight('k', 'default'), false, 'another queue');
select is(jobs.has_in_flight('other', 'q'), false, 'another kind');
select is(jobs.has_in_flight('k', args => '{"user": 7}'), true, 'by args that it contains');
select is(jobs.has_in_flight('k', args => '{"user": 8}'), false, 'other args');
select claim_of(:ready) as token \gset
select is(jobs.has_in_flight('k', 'q', '{"n": 1}'), true, 'a running job');
select is(jobs.has_in_flight('k', 'q', '{"n": 2}'), false, 'a running job with other args');
select jobs.fail(:token, '{"message": "no"}', retry_in => '1 h') \g /dev/null
select is(jobs.has_in_flight('k'), true, 'a job that waits for its next attempt');
select is(jobs.has_in_flight('k', args => '{"user": 7}'), true, 'by its args');
select jobs.complete(claim_of(:ready)) \g /dev/null
select is(jobs.has_in_flight('k'), false, 'a job that has ended');
select is(jobs.has_in_flight(queue => 'q'), false, 'in no queue');
select jobs.retry(:ready) \g /dev/null
select is(jobs.has_in_flight('k'), true, 'until it is retried');
select jobs.cancel(:ready) \g /dev/null

-- one claim of several kinds, of which one has ended
select jobs.enqueue('a', '{"x": 1}', queue => 'mix') as a, jobs.enqueue('b', '{"x": 2}', queue => 'mix') as b \gset
select count(*) from jobs.claim('{mix}', max_jobs => 2) \g /dev/null
select is(jobs.has_in_flight('a') and jobs.has_in_flight('b'), true, 'both kinds of a claim');
select jobs.complete(token(:a)) \g /dev/null
select is(jobs.has_in_flight('a'), false, 'the one that has ended');
select is(jobs.has_in_flight('b'), true, 'not the other');
select is(jobs.has_in_flight('b', args => '{"x": 2}'), true, 'which has its args');
select is(jobs.has_in_flight(queue => 'mix', args => '{"x": 1}'), false, 'and not those of the one');

-- an old name
select jobs.enqueue('before') \g /dev/null
select jobs.configure_kind('before', alias_of => 'after') \g /dev/null
select is(jobs.has_in_flight('before') and jobs.has_in_flight('after'), true, 'a kind that was renamed, by either name');

select refuses('select jobs.has_in_flight()', 'JB002', 'neither kind nor queue nor key', 'neither kind, queue nor unique_key', 'by kind, queue or both');
begin read only;
select is(jobs.has_in_flight('b'), true, 'in a read-only transaction');
commit;
select * from finish();
