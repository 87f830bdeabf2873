\ir lib/setup.sql
select plan(61);
select stop_the_clock();

-- max_attempts and backoff: read when they are needed
select jobs.enqueue('k', queue => 'q') as id \gset
select jobs.enqueue('k', queue => 'q', max_attempts => 3, backoff => '{"strategy": "constant", "base": 3}') as own \gset
create function delays(id bigint) returns interval language plpgsql as $$
declare _run_at timestamptz;
begin
  perform jobs.fail(claim_of(delays.id), charge => false);
  return (jobs.get(delays.id) ->> 'run_at')::timestamptz - jobs.now();
end $$;
select is(job(:id) ->> 'max_attempts', '20', 'the default');
select jobs.configure_queue('q', max_attempts => 11, backoff => '{"strategy": "constant", "base": 11}') \g /dev/null
select is(job(:id) ->> 'max_attempts', '11', 'the queue''s');
select is(delays(:id), interval '11 s', 'the queue''s backoff');
select jobs.configure_kind('k', max_attempts => 7, backoff => '{"strategy": "constant", "base": 7}') \g /dev/null
select is(job(:id) ->> 'max_attempts', '7', 'the kind''s goes before it');
select is(delays(:id), interval '7 s', 'and its backoff');
select is(job(:own) ->> 'max_attempts', '3', 'the job''s own goes before that');
select is(delays(:own), interval '3 s', 'and its backoff');
select jobs.configure_kind('k', reset => '{max_attempts,backoff}') \g /dev/null
select is(job(:id) ->> 'max_attempts', '11', 'reset: the queue''s again');
select is(delays(:id), interval '11 s', 'and its backoff');
select jobs.configure_queue('q', reset => '{max_attempts,backoff}') \g /dev/null
select is(job(:id) ->> 'max_attempts', '20', 'reset: the default again');
select cmp_ok(delays(:id), '<=', interval '8 s', 'and its backoff');
select is(job(:own) ->> 'max_attempts', '3', 'the job''s own is not touched');

-- lease and timeout: fixed at the enqueue
create function fixed(kind text, queue text, lease interval default null, timeout interval default null) returns text language plpgsql as $$
declare _id bigint := jobs.enqueue(fixed.kind, queue => fixed.queue, lease => fixed.lease, timeout => fixed.timeout);
begin
  return (select r.lease_ms || ' ' || r.timeout_ms from jobs.ready r where _id = any(r.ids));
end $$;
select is(fixed('l', 'r'), '0 0', 'neither');
select jobs.configure_queue('r', lease => '11 s', timeout => '22 s') \g /dev/null
select is(fixed('l', 'r'), '11000 22000', 'the queue''s');
select jobs.configure_kind('l', lease => '33 s', timeout => '44 s') \g /dev/null
select is(fixed('l', 'r'), '33000 44000', 'the kind''s');
select is(fixed('l', 'r', '55 s', '66 s'), '55000 66000', 'the job''s');
select is((select min(lease_ms) from jobs.ready where timeout_ms = 0), 0, 'jobs from before have not changed');
select jobs.configure_kind('l', reset => '{lease}') \g /dev/null
select is(fixed('l', 'r'), '11000 44000', 'one may be reset alone');
select jobs.configure_kind('l', reset => '{timeout}', lease => '77 s') \g /dev/null
select is(fixed('l', 'r'), '77000 22000', 'while another is set');
select jobs.configure_queue('r', reset => '{lease,timeout}') \g /dev/null
select jobs.configure_kind('l', reset => '{lease,timeout}') \g /dev/null
select is(fixed('l', 'r'), '0 0', 'or all');
select is(fixed(k, 'r'), '0 0', 'enqueue_many has the same rules') from (select 'l') as v(k);
select jobs.configure_kind('l', lease => '33 s') \g /dev/null
select count(*) from jobs.enqueue_many('l', '{"{}"}', queue => 'em') \g /dev/null
select is((select lease_ms from jobs.ready order by ord desc limit 1), 33000, 'in its first form');
select count(*) from jobs.enqueue_many('[{"kind": "l"}]') \g /dev/null
select is((select lease_ms from jobs.ready order by ord desc limit 1), 33000, 'and its second');

-- the kind's queue
select jobs.configure_kind('homed', queue => 'home') \g /dev/null
select is(job(jobs.enqueue('homed')) ->> 'queue', 'home', 'a kind has a queue');
select is(job(jobs.enqueue('homed', queue => 'away')) ->> 'queue', 'away', 'the one given goes before it');
select is((select array_agg(s.queue) from jobs.enqueue_many('[{"kind": "homed"}]') as m, lateral job(m.id) as j, lateral (select j ->> 'queue') as s(queue)), '{home}',
  'also in enqueue_many');
select jobs.configure_kind('homed', reset => '{queue}') \g /dev/null
select is(job(jobs.enqueue('homed')) ->> 'queue', 'default', 'reset: default');

-- what is null stays
select jobs.configure_kind('all', 'q', 5, '{"base": 2}', '40 s', '50 s', 6, false, 'undertaker') \g /dev/null
select jobs.configure_kind('all', max_attempts => 9) \g /dev/null
select is((select (queue, max_attempts, backoff, lease_ms, timeout_ms, max_claims, charge_lost, on_dead)::text from jobs.kind where name = 'all'),
  '(q,9,"{""base"": 2}",40000,50000,6,f,undertaker)', 'a setting that is not given stays as it is');
select jobs.configure_kind('all', reset => '{queue,max_attempts,backoff,lease,timeout,max_claims,charge_lost,on_dead}') \g /dev/null
select is((select (queue, max_attempts, backoff, lease_ms, timeout_ms, max_claims, charge_lost, on_dead)::text from jobs.kind where name = 'all'),
  '(default,,,,,50,t,)', 'every setting of a kind can be reset');
select jobs.configure_queue('all', 5, '{"base": 2}', '40 s', '50 s', '1 day', '2 days') \g /dev/null
select jobs.configure_queue('all', keep => '3 days') \g /dev/null
select is((select (max_attempts, backoff, lease_ms, timeout_ms, keep, keep_dead)::text from jobs.queue where name = 'all'),
  '(5,"{""base"": 2}",40000,50000,"3 days","2 days")', 'the same for a queue');
select jobs.configure_queue('all', reset => '{max_attempts,backoff,lease,timeout,keep,keep_dead}') \g /dev/null
select is((select (max_attempts, backoff, lease_ms, timeout_ms, keep, keep_dead)::text from jobs.queue where name = 'all'),
  '(,,,,"7 days","90 days")', 'every setting of a queue can be reset');
select is((select count(*) from jobs.kind where name = 'undertaker'), 1::bigint, 'the kind named by on_dead exists');

create table refusal (call text, message text, hint text);
insert into refusal values
  ($$ configure_queue('') $$, 'cannot be used', '255 bytes'),
  ($$ configure_queue(null) $$, 'cannot be used', '255 bytes'),
  ($$ configure_queue('x', max_attempts => 0) $$, 'max_attempts is 0', '1 and 32767'),
  ($$ configure_queue('x', backoff => '[]') $$, 'backoff', 'For example'),
  ($$ configure_queue('x', lease => '1 ms') $$, 'lease', 'between'),
  ($$ configure_queue('x', timeout => '-1 s') $$, 'timeout', 'between'),
  ($$ configure_queue('x', keep => '-1 s') $$, 'keep', 'not negative'),
  ($$ configure_queue('x', keep_dead => '-1 s') $$, 'keep_dead', 'not negative'),
  ($$ configure_queue('x', reset => '{on_dead}') $$, 'on_dead', 'keep_dead'),
  ($$ configure_kind('') $$, 'cannot be used', '255 bytes'),
  ($$ configure_kind(null) $$, 'cannot be used', '255 bytes'),
  ($$ configure_kind('x', queue => '') $$, 'cannot be used', '255 bytes'),
  ($$ configure_kind('x', max_attempts => 40000) $$, 'max_attempts is 40000', '1 and 32767'),
  ($$ configure_kind('x', backoff => '{"x": 1}') $$, 'backoff', 'strategy'),
  ($$ configure_kind('x', lease => '1 ms') $$, 'lease', 'between'),
  ($$ configure_kind('x', timeout => '0') $$, 'timeout', 'between'),
  ($$ configure_kind('x', max_claims => 0) $$, 'max_claims is 0', '1 and 32767'),
  ($$ configure_kind('x', max_claims => 32768) $$, 'max_claims is 32768', '1 and 32767'),
  ($$ configure_kind('x', on_dead => 'x') $$, 'on_dead', 'another kind'),
  ($$ configure_kind('x', on_dead => '') $$, 'cannot be used', '255 bytes'),
  ($$ configure_kind('x', reset => '{keep}') $$, 'keep', 'on_dead'),
  ($$ pause() $$, 'neither', 'Say what'),
  ($$ resume() $$, 'neither', 'Say what');
select refuses('select jobs.' || call, 'JB002', btrim(call), message, hint) from refusal;
select refuses('select jobs.' || call, 'JB004', call, 'there is no', 'case-sensitive')
from unnest(array['pause(''nowhere'')', 'pause(kind => ''nothing'')', 'resume(''nowhere'')', 'resume(kind => ''nothing'')']) as call;
select is_empty($$ select from jobs.queue where name = 'x' union all select from jobs.kind where name = 'x' $$, 'what was refused has made nothing');
select is_consistent();
select * from finish();
