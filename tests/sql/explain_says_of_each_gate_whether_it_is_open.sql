\ir lib/setup.sql
select plan(51);
select stop_the_clock();
-- a gate of the job: open or closed, and what it says
create function gate(id bigint, gate text) returns text language sql as $$
  select case when g.open then 'open: ' else 'closed: ' end || g.why from jobs.explain(gate.id) as g where g.gate = gate.gate $$;
create function remedy(id bigint, gate text) returns text language sql as $$ select g.remedy from jobs.explain(remedy.id) as g where g.gate = remedy.gate $$;
create function detail(id bigint, gate text) returns jsonb language sql as $$ select g.detail from jobs.explain(detail.id) as g where g.gate = detail.gate $$;
create function closed(id bigint) returns text[] language sql as $$ select coalesce(array_agg(g.gate), '{}') from jobs.explain(closed.id) as g where not g.open $$;

select refuses('select jobs.explain(99)', 'JB004', 'an unknown job', 'no job 99', 'pruned');
select refuses('select jobs.explain(null)', 'JB004', 'no job at all', 'no job null');

-- a job that nothing holds up
select jobs.register_worker('host 1', '{q}', '{k}') as worker \gset
select jobs.enqueue('k', queue => 'q') as id \gset
select is((select array_agg(gate) from jobs.explain(:id)), '{state,due,queue,kind,worker,routing,attempts,position}', 'a row per gate');
select is(closed(:id), '{}', 'all of them are open');
select is((select array_agg(remedy) from jobs.explain(:id) where open), array_fill(null::text, array[8]), 'what is open needs no remedy');
select is_empty(format('select gate from jobs.explain(%s) where why is null or detail is null', :id), 'each says what it saw');
select advance('90 s');
select is(gate(:id, 'state'), 'open: it has been ready for 1 min 30 s', 'since when it waits');
select is(gate(:id, 'worker'), 'open: kind k of queue q is taken by 1 live worker', 'who takes it');
select is(detail(:id, 'worker') -> 'names', '["host 1"]', 'by name');

-- the time
select jobs.enqueue('k', queue => 'q', delay => '2 hours') as later \gset
select is(closed(:later), '{due}', 'a job with a delay waits for its time only');
select is(gate(:later, 'due'), format('closed: it is due in 2 h, at %s', jobs.now() + '2 hours'), 'which it tells');
select advance('2 hours 5 s');
update jobs.worker set seen_at = jobs.now();
select is(gate(:later, 'due') ~ '^closed: it was due 5 s ago and is not ready yet: (nobody has ticked yet|the last tick was .* ago)$', true, 'past its time nobody has ticked');
select is(remedy(:later, 'due') ~ 'jobs.maintain', true, 'and what to do');
select jobs.tick() \g /dev/null
select is(gate(:later, 'due'), 'open: its time has come', 'a tick makes it ready');

-- paused
select jobs.pause('q', reason => 'the mail server is down') \g /dev/null
select jobs.pause(kind => 'k') \g /dev/null
select advance('5 min');
select is(closed(:id) @> '{queue,kind}', true, 'a paused queue and a paused kind hold it up');
select is(gate(:id, 'queue'), format('closed: queue q is paused for 5 min by %s: the mail server is down', session_user), 'since when, by whom and why');
select is(gate(:id, 'kind'), format('closed: kind k is paused for 5 min by %s', session_user), 'no reason was given');
select is(remedy(:id, 'queue'), 'select jobs.resume(queue => ''q'')', 'the remedy can be run');
select jobs.pause('q') \g /dev/null
select is(detail(:id, 'queue') ->> 'reason', 'the mail server is down', 'pausing again forgets nothing');
select jobs.resume('q', 'k') \g /dev/null
select is((select count(*) from jobs.list_pauses()), 0::bigint, 'resuming does');
select is(gate(:id, 'queue'), 'open: queue q is not paused', 'and the gate is open');

-- workers
select is(gate(:id, 'worker'), 'closed: no live worker is registered', 'a worker that was not seen for minutes does not count');
select is((select count(*) from jobs.explain(:id) where gate = 'routing'), 0::bigint, 'without a worker there is no question of routing');
select jobs.register_worker('host 2', '{other}', '{k}') \g /dev/null
select is(gate(:id, 'worker'), 'closed: of 1 live worker none takes queue q', 'workers of another queue');
select jobs.register_worker('host 3', null, '{k2}') \g /dev/null
select is(gate(:id, 'worker'), 'closed: of 1 live worker of queue q none announces kind k', 'workers of all queues but another kind');
select is(remedy(:id, 'worker') ~ 'has kind k', true, 'a kind that nobody has is to be deployed');
select jobs.register_worker('slow', null, null, '{"heartbeat": 3600}') as slow \gset
select advance('1 hour');
select is(gate(:id, 'worker'), 'open: kind k of queue q is taken by 1 live worker', 'a worker that beats once an hour is alive for three');
update jobs.worker set info = '{"heartbeat": "often"}' where id = :'slow';
select is(gate(:id, 'worker'), 'closed: no live worker is registered', 'what is no number does not count');

-- routing
select jobs.enqueue('k', queue => 'q', routing_key => 'eu') as routed \gset
select jobs.register_worker('us', null, null, null, '{us}') \g /dev/null
select is(gate(:routed, 'routing'), 'closed: of its 1 live worker none asks for routing key eu', 'a key that nobody asks for');
select is(gate(:id, 'routing'), 'closed: it has no routing key, and each of its 1 live worker asks for one', 'nor is a job without a key asked for');
select is(detail(:routed, 'routing') -> 'asked_for', '["us"]', 'what is asked for');
select jobs.register_worker('unrouted', null, null, null, '{}') \g /dev/null
select is(gate(:id, 'routing'), 'open: it has no routing key', 'a worker of none takes it');
select is(gate(:routed, 'routing') ~ '^closed', true, 'but no other');
select jobs.register_worker('any') \g /dev/null
select is(gate(:routed, 'routing'), 'open: its routing key eu is asked for by 1 live worker', 'a worker of any takes all');

-- the position
select is(gate(:routed, 'position'), 'closed: ahead of it in its queue: 2 jobs, 0 of higher priority, 2 of its own', 'two are ahead');
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[1500]), queue => 'q', priority => 5) \g /dev/null
select is(gate(:id, 'position'), 'closed: ahead of it in its queue: 1,500 jobs, 1,500 of higher priority, 0 of its own', 'higher priorities are');
select jobs.tick() \g /dev/null
select is((take(10, '{q}'))[1] <> :id, true, 'they are taken first');
select is(detail(:id, 'position'), '{"ahead": 1490, "higher_priority": 1490, "same_priority": 0, "cut_off": false}', 'and are ahead no more');
select jobs.pause('q') \g /dev/null
select is((detail(:id, 'position') ->> 'ahead')::int, 1490, 'also in a paused queue');
select jobs.resume('q') \g /dev/null

-- attempts and claims
select jobs.enqueue('once', queue => 'p', max_attempts => 3) as tried \gset
select jobs.fail(claim_of(:tried), retry_in => '0') \g /dev/null
select is(gate(:tried, 'attempts'), 'open: 1 of 3 attempts and 1 of 50 claims are spent', 'what is spent');
select jobs.configure_kind('once', max_claims => 1) \g /dev/null
select is(gate(:tried, 'attempts'), 'closed: 1 of 3 attempts and 1 of 1 claims are spent', 'claims may be spent first');
select is(remedy(:tried, 'attempts') ~ 'configure_kind\(''once'', max_claims => 11\)', true, 'the limit can be raised');
select jobs.enqueue('k', queue => 'p') as failed \gset
select jobs.fail(claim_of(:failed), error => '"it broke"', retry_in => '1 hour') \g /dev/null
select is(gate(:failed, 'due') ~ '^closed: it is due in 1 h, at .*, after attempt 1 failed$', true, 'what waits for another attempt says so');

-- running, and ended
select jobs.enqueue('k', queue => 'r', timeout => '10 s') as run \gset
select token as run_token from jobs.claim('{r}', :'worker') \gset
select is((select array_agg(gate) from jobs.explain(:run)), '{state}', 'a running job has one row');
select is(gate(:run, 'state'), 'open: it has run for 0 s, attempt 1, by worker host 1; its lease lasts 30 s more, last renewed 0 s ago', 'by whom, until when');
select advance('12 s');
select jobs.heartbeat(array[:run_token]), jobs.cancel(:run) \g /dev/null
select is(gate(:run, 'state') ~ '^closed: .*; it is 2 s past its timeout; its cancellation was requested$', true, 'its timeout and its cancellation');
select advance('1 min');
select is(gate(:run, 'state') ~ '; its lease ended 32 s ago and has not been reset; it is', true, 'a lease that has ended');
select is(remedy(:run, 'state') ~ 'jobs.maintain', true, 'is reset by maintain');
select jobs.complete(claim_of(:id), '"fine"') \g /dev/null
select is(gate(:id, 'state') ~ '^closed: it is completed since .* \(0 s ago\), after 1 attempt$', true, 'a completed job');
select is(closed(:id) || remedy(:id, 'state'), array['state', 'Nothing is left to do; jobs.retry(id) would run it once more.'], 'is done');
select is_consistent();
select * from finish();
