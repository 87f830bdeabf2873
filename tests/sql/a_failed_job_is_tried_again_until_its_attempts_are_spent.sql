\ir lib/setup.sql
select plan(56);
select stop_the_clock();

-- max_attempts = 3 starts the handler exactly three times
select jobs.enqueue('k', '{"n": 1}', max_attempts => 3, backoff => '{"base": 10, "factor": 2, "jitter": 0}') as id \gset
select * from jobs.claim() \gset
select is(:attempt, 1, 'the first attempt');
select is(jobs.fail(:token, '{"type": "E", "message": "one"}'), 'scheduled', 'it fails');
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '10 s', 'and waits by its backoff');
select is(job(:id) -> 'error', '{"type": "E", "message": "one"}', 'its error can be seen meanwhile');
select advance('9.999999 s');
select jobs.tick() \g /dev/null
select is(take(1), '{}', 'it is not started before its time');
select advance('0.000001 s');
select jobs.tick() \g /dev/null
select * from jobs.claim() \gset
select is(:attempt, 2, 'then the second attempt');
select jobs.fail(:token, '{"type": "E", "message": "two"}') \g /dev/null
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '20 s', 'the next wait is longer');
select advance('20 s');
select jobs.tick() \g /dev/null
select * from jobs.claim() \gset
select is(:attempt, 3, 'the third attempt');
select is(jobs.fail(:token, '{"type": "E", "message": "three"}'), 'dead', 'the last failure is its death, at once');
select advance('1 year');
select jobs.tick() \g /dev/null
select is(take(9), '{}', 'it is never started a fourth time');
select is(timeline(:id),
  'enqueued 0, claimed 1, failed 1, promoted 1, claimed 2, failed 2, promoted 2, claimed 3, dead 3', 'the log has all of it');
select is(job(:id) - '{created_at,since,errors,id}'::text[], '{"kind": "k", "queue": "default", "state": "dead", "priority": 0,
  "attempt": 3, "max_attempts": 3, "args": {"n": 1}, "headers": null, "reason": "exhausted",
  "error": {"type": "E", "message": "three"}}', 'the dead job keeps what it was, why it died and its last error');
select is((select array_agg(e #>> '{error,message}' order by n) from jsonb_array_elements(job(:id) -> 'errors') with ordinality as e(e, n)),
  '{one,two,three}', 'and the error of every attempt');

-- the same token again
select is(jobs.fail(:token), 'already_done', 'the same failure again is already done');
select refuses(format('select jobs.complete(%s)', :token), 'JB001', 'a late success is refused', 'stale claim', 'Roll back');

-- when it comes back
select jobs.enqueue('k') as id \gset
select is(jobs.fail(claim_of(:id), retry_in => '0'), 'ready', 'retry_in 0 makes it ready at once');
select is(timeline(:id), 'enqueued 0, claimed 1, failed 1', 'without a promotion');
select is(jobs.fail(claim_of(:id), retry_in => '3 days'), 'scheduled', 'retry_in goes before the backoff');
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '3 days', 'however long it is');
select jobs.enqueue('k') as fresh \gset
select jobs.fail(claim_of(:fresh)) \g /dev/null
select ok((job(:fresh) ->> 'run_at')::timestamptz - jobs.now() between interval '0.75 s' and interval '1 s',
  'by default it waits a second, less up to a quarter');
select jobs.enqueue('k', backoff => '{"strategy": "constant", "base": 0}') as none \gset
select is(jobs.fail(claim_of(:none)), 'ready', 'a backoff of 0 makes it ready at once');

-- reasons
select jobs.enqueue('k') as id \gset
select is(jobs.fail(claim_of(:id), '"x"', reason => 'timeout'), 'scheduled', 'reason timeout is retried');
select is(last_data(:id) - 'run_at', '{"reason": "timeout", "error": {"message": "x"}}', 'and kept');
create temporary table final as select r.reason, jobs.enqueue('k') as id from unnest('{aborted,undecodable,rejected}'::text[]) as r(reason);
select is(jobs.fail(claim_of(id), '"x"', reason => reason), 'dead', 'reason ' || reason || ' is dead at once') from final;
select is(job(id) - '{created_at,since,errors,id,kind,queue,priority,args,headers,max_attempts}'::text[],
  jsonb_build_object('state', 'dead', 'reason', reason, 'attempt', 1, 'error', '{"message": "x"}'::jsonb), 'and tells ' || reason) from final;
select jobs.enqueue('k', max_attempts => 1) as id \gset
select is(jobs.fail(claim_of(:id), reason => 'timeout'), 'dead', 'the last attempt timed out');
select is(job(:id) ->> 'reason', 'timeout', 'is dead of that');
select claim_of(jobs.enqueue('k')) as token \gset
select refuses(format($$ select jobs.fail(%s, reason => 'because') $$, :token), 'JB002', 'an unknown reason', 'because', 'timeout, aborted');
select refuses(format($$ select jobs.fail(%s, retry_in => '-1 s') $$, :token), 'JB002', 'a negative retry_in', 'retry_in is', 'not negative');
select refuses(format($$ select jobs.fail(%s, retry_in => '300000 years') $$, :token), 'JB002', 'a retry_in without end', 'retry_in is', '1000 years');
select is(jobs.fail(:token), 'scheduled', 'and none of these ended the claim');

-- an attempt that is not charged
select jobs.enqueue('k', max_attempts => 1) as id \gset
select is(jobs.fail(claim_of(:id), retry_in => '0', charge => false), 'ready', 'charge false gives the attempt back');
select is(jobs.fail(claim_of(:id), retry_in => '0', charge => null), 'dead', 'charge null charges');
select is(timeline(:id), 'enqueued 0, claimed 1, failed 0, claimed 1, dead 1', 'as the log shows');
select jobs.configure_kind('budget', max_claims => 3) \g /dev/null
select jobs.enqueue('budget') as id \gset
select is(array(select jobs.fail(claim_of(:id), retry_in => least(interval '0', n * interval '1 s'), charge => false) from generate_series(1, 3) as n),
  '{ready,ready,dead}', 'the budget of claims ends a job that charges nothing');
select is(job(:id) ->> 'reason', 'abandoned', 'as abandoned');
select is(job(:id) ->> 'attempt', '0', 'with no attempt charged');
select jobs.retry(:id) \g /dev/null
select is(jobs.fail(claim_of(:id), retry_in => '0', charge => false), 'ready', 'a retry begins a new budget');
select jobs.configure_kind('backing off', backoff => '{"strategy": "linear", "base": 10}') \g /dev/null
select jobs.enqueue('backing off') as id \gset
select jobs.fail(claim_of(:id), charge => false) \g /dev/null
select jobs.fail(claim_of(:id), charge => false) \g /dev/null
select is((job(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '20 s', 'the waits grow though nothing is charged');

-- attempts that were spent before max_attempts was lowered
select jobs.enqueue('lowered', queue => 'lowered') as id \gset
select jobs.enqueue('lowered', queue => 'lowered') as other \gset
select jobs.fail(claim_of(:id), retry_in => '0') \g /dev/null
select jobs.configure_kind('lowered', max_attempts => 1) \g /dev/null
select is(take(9, '{lowered}'), array[:other]::bigint[], 'a claim starts no attempt beyond a max_attempts that was lowered');
select is(timeline(:id) || ' ' || (job(:id) ->> 'reason'), 'enqueued 0, claimed 1, failed 1, dead 1 exhausted', 'that job is dead');

-- many
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[7]), queue => 'many') \gset
select array_agg(token) as t from jobs.claim('{many}', max_jobs => 7) \gset
select is(
  array(select status from jobs.fail_many(:'t'::bigint[] || array[1, null, (:'t'::bigint[])[1]],
    '{"\"a\"",null,"{\"message\": \"c\"}",null,null,null,null,null,null,"\"again\""}',
    '{0,"1 hour",null,null,null,null,0,null,null,null}',
    '{null,null,null,aborted,timeout,rejected,null,null,null,null}',
    '{true,null,true,true,true,true,false,true,true,true}')),
  '{ready,scheduled,scheduled,dead,scheduled,dead,ready,stale,stale,already_done}', 'fail_many: every element of every array counts');
select is((select array_agg(job(id) ->> 'attempt' order by id) from unnest(:'ids'::bigint[]) as id), '{1,1,1,1,1,1,0}', 'as to attempts');
select is((select array_agg(job(id) #>> '{error,message}' order by id) from unnest(:'ids'::bigint[]) as id), '{a,NULL,c,NULL,NULL,NULL,NULL}',
  'and errors');
select is((select array_agg(job(id) ->> 'reason' order by id) from unnest(:'ids'::bigint[]) as id), '{NULL,NULL,NULL,aborted,timeout,rejected,NULL}',
  'and reasons');
select is(array(select status from jobs.fail_many('{}')), '{}', 'no tokens, no rows');
select is(array(select status from jobs.fail_many(array[claim_of(jobs.enqueue('k'))])), '{scheduled}', 'all but the tokens may be left out');
select refuses($$ select jobs.fail_many('{1,2}', $$ || arg || ')', 'JB002', 'another length: ' || arg, 'differ in length', 'same order')
from unnest(array['errors => ''{1}''', 'retry_in => ''{0}''', 'reasons => ''{null}''', 'charge => ''{true}''']) as arg;
select is_consistent();
select * from finish();
