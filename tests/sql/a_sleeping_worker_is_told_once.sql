\ir lib/setup.sql
select plan(19);
select stop_the_clock();
create function flag(queue text) returns bigint language sql as $$ select pg_sequence_last_value(jobs._idle_flag(q.id)) from jobs.queue q where q.name = flag.queue $$;
create function is_up(queue text) returns boolean language sql as $$ select flag(is_up.queue) is not distinct from 2 $$;

select jobs.register_worker('w', '{a,b}') \g /dev/null
select is(jobs.idle('{a}'), null, 'nothing is scheduled');
select ok(is_up('a'), 'the flag of the queue is up');
select ok(not is_up('b'), 'that of another is not');
select jobs.enqueue('k', queue => 'b') \g /dev/null
select ok(is_up('a'), 'an enqueue elsewhere leaves it up');
select jobs.enqueue('k', queue => 'a', delay => '10 s') \g /dev/null
select ok(is_up('a'), 'so does one for later');
select is(jobs.idle('{a}'), 10::float8, 'but idle tells in how many seconds that is');
select is(jobs.idle('{b}'), null, 'only for its own queues');
select is(jobs.idle(), 10::float8, 'which are all of them by default');
select ok(is_up('b') and is_up('default'), 'whose flags are up now');
select jobs.enqueue('k', queue => 'a') \g /dev/null
select ok(not is_up('a'), 'an enqueue takes it down, and tells');
select ok(is_up('b'), 'its own alone');

-- everything that makes a job ready tells as well
select jobs.idle('{a}') \g /dev/null
select count(*) from jobs.enqueue_many('k', '{"{}"}', queue => 'a') \g /dev/null
select ok(not is_up('a'), 'enqueue_many');
select jobs.idle('{a}') \g /dev/null
select advance('10 s');
select is(jobs.idle('{a}'), 0::float8, 'what is due is due in 0 s');
select jobs.tick() \g /dev/null
select ok(not is_up('a'), 'a promotion');
select claim_of(id) as token from jobs.job_state where queue = 'a' and state = 'ready' limit 1 \gset
select jobs.idle('{a}') \g /dev/null
select jobs.release(:token) \g /dev/null
select ok(not is_up('a'), 'a release');
select claim_of(id) as token from jobs.job_state where queue = 'a' and state = 'ready' limit 1 \gset
select jobs.idle('{a}') \g /dev/null
select jobs.fail(:token, reason => 'aborted') \g /dev/null
select ok(is_up('a'), 'a death does not');
select jobs.retry_many() \g /dev/null
select ok(not is_up('a'), 'a retry');
select jobs.pause('a'), jobs.idle('{a}') \g /dev/null
select jobs.resume('a') \g /dev/null
select ok(not is_up('a'), 'the end of a pause');
select is(jobs.idle('{nowhere}'), null, 'a queue that does not exist is no error');
select * from finish();
