\ir lib/setup.sql
select plan(38);
select stop_the_clock();

select jobs.enqueue('bare') as bare \gset
select is(jobs.get(:bare) - '{id,since,created_at}'::text[],
  '{"kind": "bare", "queue": "default", "state": "ready", "priority": 0, "attempt": 0, "max_attempts": 20,
    "args": {}, "headers": null, "errors": []}', 'every option has its default');
select is((select options from jobs.job where id = :bare), null, 'a job without options stores none');
select is((jobs.get(:bare) ->> 'created_at')::timestamptz, jobs.now(), 'it was made now, by the installation''s clock');

select jobs.enqueue('positional', '{"a": 1}', 'mail', 5, null, '1 hour', 7, 'eu', '90 s', '45 s',
  '{"strategy": "constant", "base": 9}', '{"traceparent": "x"}') as positional \gset
select jobs.enqueue(kind => 'named', headers => '{"traceparent": "x"}', lease => '45 s', args => '{"a": 1}',
  queue => 'mail', priority => 5, delay => '1 hour', max_attempts => 7, routing_key => 'eu', timeout => '90 s',
  backoff => '{"strategy": "constant", "base": 9}') as named \gset
select is(jobs.get(:positional) - '{id,kind}'::text[], jobs.get(:named) - '{id,kind}'::text[],
  'options mean the same by position and by name');
select is(
  jobs.get(:named) - '{id,created_at,since,errors}'::text[] || jsonb_build_object('run_at', null),
  '{"kind": "named", "queue": "mail", "state": "scheduled", "priority": 5, "attempt": 0, "max_attempts": 7,
    "args": {"a": 1}, "headers": {"traceparent": "x"}, "run_at": null}', 'and every one is kept');
select is((jobs.get(:named) ->> 'run_at')::timestamptz, jobs.now() + interval '1 hour', 'delay counts from now');

select advance('1 hour');
select jobs.tick() \g /dev/null
select is(take(9, routing => '{us}'), '{}', 'a routing key keeps other claims away');
select * from jobs.claim(max_jobs => 1, routing => '{eu}') \gset
select is(:id, :positional, 'and lets those that ask for it in');
select is(:'queue'::text, 'mail', 'a claim tells the queue');
select is(:priority, 5, 'the priority');
select is(:max_attempts, 7, 'max_attempts');
select is(:'timeout'::interval, interval '90 s', 'the timeout');
select is(:'args'::jsonb, jsonb '{"a": 1}', 'the args');
select is(:'headers'::jsonb, jsonb '{"traceparent": "x"}', 'and the headers');
select is((select until - jobs.now() from jobs.lease), interval '45 s', 'the job''s lease goes before the claimer''s');
select jobs.fail(:token) \g /dev/null
select is((jobs.get(:id) ->> 'run_at')::timestamptz - jobs.now(), interval '9 s', 'the job''s backoff holds');

-- when
select is(state(jobs.enqueue('k', run_at => jobs.now() - interval '1 year')), 'ready', 'a run_at in the past means now');
select is(state(jobs.enqueue('k', run_at => '0044-03-15 BC')), 'ready', 'a run_at before Christ too');
select is(state(jobs.enqueue('k', run_at => jobs.now())), 'ready', 'run_at now means now');
select is(state(jobs.enqueue('k', delay => '0')), 'ready', 'no delay means now');
select is(state(jobs.enqueue('k', delay => '1 microsecond')), 'scheduled', 'the least delay is a delay');
select jobs.enqueue('k', run_at => '2031-02-03 04:05:06.789012+05:30') as later \gset
select is(run_at, '2031-02-02 22:35:06.789012+00', 'run_at keeps its microseconds') from jobs.job_state where id = :later;
select jobs.enqueue('k', run_at => '294276-12-31 00:00:00+00') as last \gset
select is(run_at, '294276-12-31 00:00:00+00', 'run_at may be the last year there is') from jobs.job_state where id = :last;
select is(jobs.cancel(:last), 'cancelled', 'and that job can still be found');

-- bounds that are allowed
select is((job(jobs.enqueue('k', priority => 100)) -> 'priority')::int, 100, 'priority 100');
select is((job(jobs.enqueue('k', priority => -100)) -> 'priority')::int, -100, 'priority -100');
select is((job(jobs.enqueue('k', max_attempts => 1)) -> 'max_attempts')::int, 1, 'one attempt');
select is((job(jobs.enqueue('k', max_attempts => 32767)) -> 'max_attempts')::int, 32767, '32767 attempts');
select lives_ok($$ select jobs.enqueue('k', lease => '1 s', timeout => '1 ms') $$, 'a lease of 1 s, a timeout of 1 ms');
select lives_ok($$ select jobs.enqueue('k', lease => '20 days', timeout => '20 days') $$, '20 days of each');
select is(job(jobs.enqueue(repeat('k', 255), queue => repeat('q', 255))) ->> 'queue', repeat('q', 255),
  'names of 255 bytes');
select is(job(jobs.enqueue('Käse ''; drop schema jobs; -- "x" %s \', queue => ' ')) ->> 'kind',
  'Käse ''; drop schema jobs; -- "x" %s \', 'names may hold anything');
select is(job(jobs.enqueue('k', jsonb)) -> 'args', jsonb, 'args may be ' || jsonb_typeof(jsonb))
from unnest(array['null', '[1, [2]]', '"text \" ü"', '1e100', 'false']::jsonb[]) as jsonb;
select is_consistent();
select * from finish();
