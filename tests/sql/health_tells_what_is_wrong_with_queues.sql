\ir lib/setup.sql
select plan(44);
select stop_the_clock();
-- a check: its status and what it saw
create function health(name text) returns text language sql as $$ select h.status || ': ' || h.saw from jobs.health() as h where h.name = health.name $$;
create function detail(name text) returns jsonb language sql as $$ select h.detail from jobs.health() as h where h.name = detail.name $$;
create function quiet() returns void language sql as $$ select jobs.complete(token) from jobs.claim(max_jobs => 10000); update jobs.worker set seen_at = jobs.now(); $$;
create function bad() returns text[] language sql as $$ select coalesce(array_agg(h.name || ' ' || h.status), '{}') from jobs.health() as h where status <> 'ok' $$;

select is((select array_agg(name) from jobs.health()), '{due,stuck,workers,tick,leases,dead,paused,schedules,subscriptions,consumers,transactions,vacuum,bloat,autovacuum,partitions,notify,ids}', 'a row per check');
select is(bad(), '{}', 'a fresh installation is well');
select is_empty('select name from jobs.health() where saw is null or why is null or detail is null', 'each says what it saw and why it matters');
select is_empty('select name from jobs.health() where remedy is not null', 'what is ok needs no remedy');

-- thresholds
select refuses('select jobs.health(due_for => ''0'')', 'JB002', 'an interval of nothing', 'threshold', 'over 0');
select refuses('select jobs.health(lag_for => null)', 'JB002', 'no threshold', 'threshold', 'default');
select refuses('select jobs.health(max_dead => 0)', 'JB002', 'no death at all', 'threshold', 'at least 1');
select refuses('select jobs.health(used => 1)', 'JB002', 'all of a limit', 'threshold', 'between 0 and 1');

-- due: late from due_for on; what is scheduled for later is not due
select jobs.register_worker('one') \g /dev/null
select jobs.enqueue('k', queue => 'q', delay => '1 hour') \g /dev/null
select advance('50 min');
select is(health('due'), 'ok: no job is due and waits', 'a job of later is not late');
select advance('15 min');
select is(health('due'), 'warning: the job that waits longest, in queue q, has been due for 5 min', 'from its time on it is');
select jobs.tick() \g /dev/null
select is(health('due') ~ '^ok: .* for 0 s$', true, 'promoted, it is ready since now');
select advance('50 min');
select is(health('due'), 'critical: the job that waits longest, in queue q, has been due for 50 min', 'ten times the threshold is critical');
select is(detail('due'), '{"threshold_s": 300.000000, "oldest_s": 3000.000, "queues": [{"queue": "q", "age_s": 3000.000}]}', 'in figures');
select is((select h.remedy ~ 'jobs.explain' from jobs.health() as h where name = 'due'), true, 'with a remedy');
select is(status, 'ok', 'a threshold may be higher') from jobs.health(due_for => '1 hour') where name = 'due';
select jobs.pause('q') \g /dev/null
select is(health('due'), 'ok: no job is due and waits', 'what is paused is not late');
select jobs.resume('q'), jobs.pause(kind => 'k') \g /dev/null
select is(health('due'), 'ok: no job is due and waits', 'nor is what is of a paused kind');
select jobs.resume(kind => 'k'), quiet() \g /dev/null
select jobs.tick() \g /dev/null

-- workers: nobody takes the kind, the queue, the routing key
select is(health('workers'), 'ok: 1 live worker, and all that is ready is taken', 'a worker of all');
delete from jobs.worker;
select jobs.register_worker('two', '{q}', '{k,other}', null, '{eu}') \g /dev/null
select jobs.enqueue('k', queue => 'q', routing_key => 'eu') \g /dev/null
select is(health('workers') ~ '^ok', true, 'what it asks for is taken');
select jobs.enqueue('kk', queue => 'q', routing_key => 'eu'), jobs.enqueue('k', queue => 'p', routing_key => 'eu'), jobs.enqueue('k', queue => 'q', routing_key => 'us'), jobs.enqueue('k', queue => 'q') \g /dev/null
select is(health('workers'), 'warning: 1 live worker; nobody takes kind k of queue p with routing key eu; kind k of queue q; kind k of queue q with routing key us; kind kk of queue q with routing key eu',
  'what it does not is not');
select is(jsonb_path_query_array(detail('workers'), '$.untaken[*].known'), '[true, true, true, false]', 'which of them are of unknown kinds');
select advance('10 min'); update jobs.worker set seen_at = jobs.now();
select is(health('workers') ~ '^critical', true, 'once they are late it is critical');
select quiet() \g /dev/null
select jobs.tick() \g /dev/null

-- tick: nobody does, although there is something to do
select is(health('tick') ~ '^ok: the last tick was 0 s ago', true, 'someone has ticked');
select advance('1 hour');
select is(health('tick'), 'ok: the last tick was 1 h ago, and nothing was written since', 'nobody need, while nothing happens');
select jobs.enqueue('k') as k \gset
select is(health('tick'), 'critical: the last tick was 1 h ago', 'now someone must');
select jobs.tick() \g /dev/null
select is(health('tick') ~ '^ok', true, 'who does');

-- leases and stuck queues
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[5]), queue => 's') \g /dev/null
select claim_of(:k) as token \gset
select count(*) from jobs.claim('{s}', max_jobs => 3, lease => '2 hours') \g /dev/null
select is(health('stuck'), 'ok: no queue has busy slots and no completions', 'three run, two wait');
select advance('45 s');
select is(health('leases'), 'ok: no lease has ended without being reset', 'a lease that has just ended');
select advance('30 s');
select is(health('leases'), 'warning: 1 job of 1 claim held by a lease that ended up to 45 s ago', 'one that was not reset');
select advance('9 min');
select is(health('stuck') ~ '^critical: jobs of queue s run and none has ended for 10 min, while others wait$', true, 'busy slots, and no completions');
select is(jsonb_path_query_array(detail('stuck'), '$.queues[*].running'), '[3]', 'how many run');
select jobs.complete(min(token(i))) from jobs.list('running', 's') as l cross join lateral (select l.id as i) as x \g /dev/null
select is(health('stuck') ~ '^ok', true, 'one has ended: it gets on');
select advance('10 min');
select is(health('stuck') ~ '^critical', true, 'for a while');
select jobs.pause('s') \g /dev/null
select is(health('stuck') ~ '^ok', true, 'a paused queue stands still on purpose');
select jobs.resume('s'), jobs.reset_stale_claims(), advance('2 hours') \g /dev/null
select jobs.reset_stale_claims(), quiet() \g /dev/null
select jobs.tick() \g /dev/null

-- the dead
select jobs.enqueue('d'), jobs.enqueue('d'), jobs.enqueue('e') \g /dev/null
select jobs.fail(token, reason => 'aborted') from jobs.claim(max_jobs => 3) \g /dev/null
select is(health('dead'), 'warning: 3 jobs died in the last 1 h: 2 of kind d, 1 of kind e', 'who died lately');
select is(status, 'ok', 'fewer than are allowed') from jobs.health(max_dead => 4) where name = 'dead';
select advance('61 min');
select is(health('dead'), 'ok: 0 jobs died in the last 1 h', 'and not long ago');

-- paused for long
select jobs.pause('q', reason => 'moving') \g /dev/null
select advance('23 hours');
select is(health('paused'), 'ok: paused: queue q: moving', 'a pause is shown');
select advance('1 hour');
select is(health('paused'), 'warning: paused: queue q: moving', 'and warned of after a day');
select is(detail('paused') #>> '{paused,0,paused_by}', session_user::text, 'with who it was');
select jobs.resume('q'), quiet() \g /dev/null
select jobs.tick() \g /dev/null
select is(bad(), '{}', 'all is well again');

-- jobs that take turns are seen as others are
select jobs.enqueue('k', queue => 'fair', fair_key => 'acme') as fair \gset
select advance('6 min'); update jobs.worker set seen_at = jobs.now(), kinds = '{other}';
select jobs.tick() \g /dev/null
select is(health('due'), 'warning: the job that waits longest, in queue fair, has been due for 6 min', 'when they are late');
select is(health('workers'), 'critical: 1 live worker; nobody takes kind k of queue fair', 'and when nobody takes them');
select is_consistent();
select * from finish();
