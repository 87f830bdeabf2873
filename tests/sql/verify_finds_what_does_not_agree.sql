\ir lib/setup.sql
select plan(39);

-- every path once, so that there is something to agree on
select jobs.enqueue('k', unique_key => 'u', idempotency_key => 'i', delay => '1 hour'), jobs.cancel(jobs.enqueue('k')) \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[100]), priority => 2) \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[5]), delay => '1 hour') \g /dev/null
create temporary table held as select token, id, row_number() over () as n from jobs.claim(max_jobs => 70);
select jobs.fail(token) from held where n <= 3 \g /dev/null
select jobs.complete(token) from held where n between 11 and 30 \g /dev/null
select count(*) from jobs.complete_many(array(select token from held where n between 41 and 50)) \g /dev/null
select jobs.snooze(token, '1 h') from held where n in (4, 5) \g /dev/null
select jobs.release(token) from held where n in (6, 7) \g /dev/null
select jobs.cancel(id) from held where n = 8 \g /dev/null
select jobs.cancel(id) from (select id from jobs.job_state where state in ('ready', 'scheduled') order by id desc limit 7) as s \g /dev/null
select count(*) from jobs.append_events('order-1', '[{"type": "a"}, {"type": "b"}, {"type": "c"}]') \g /dev/null
select jobs.tick() \g /dev/null
-- of each key one runs, one is blocked
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[2]), queue => 'keys', ordering_key => 'o') \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[2]), queue => 'keys', concurrency_key => 'c') \g /dev/null
select take(9, '{keys}') \g /dev/null
select is_consistent();

-- damage, what verify says of it, and how often; then it is undone
create function damage(what text) returns text language plpgsql as $$
declare
  _found text;
begin
  execute what;
  select coalesce(string_agg(distinct v.problem, '; ' order by v.problem), 'nothing') || ': ' || count(*) into _found from jobs.verify() as v;
  raise exception '%', _found;
exception when raise_exception then
  return sqlerrm;
end $$;

create temporary table planned (n int generated always as identity, what text, expected text, description text);
insert into planned (what, expected, description) values
  ($$ delete from jobs.unique_key where type = 'unique' $$, '^a live job without its unique key: 1$', 'a unique key that is missing'),
  ($$ update jobs.unique_key set job_id = (select id from jobs.job_state where state = 'cancelled' limit 1) where type = 'unique' $$,
    '^a live job without its unique key; a unique key of a job that has ended: 2$', 'a unique key that should be free'),
  ($$ update jobs.unique_key set job_id = 0 where type = 'idempotency' $$, '^an idempotency key of no job: 1$', 'a key that outlives its job'),
  ($$ delete from jobs.ready where ord = (select min(ord) from jobs.ready) $$,
    '^lost: the log has it live: \d+$', 'a ready block that is missing'),
  ($$ update jobs.ready set ids = ids[2:] where ord = (select min(ord) from jobs.ready where
    cardinality(ids) > 1) $$,
    '^lost: the log has it live: 1$', 'a ready job that is missing from its block'),
  ($$ delete from jobs.scheduled where ord = (select max(ord) from jobs.scheduled where cardinality(ids) =
    1) $$,
    '^lost: the log has it live: 1$', 'a scheduled job that is missing'),
  ($$ update jobs.lease set unfinished = unfinished & (unfinished - 1) where claim = (select min(claim)
    from jobs.lease) $$,
    '^lost: the log has it live: 1$', 'a running job that is missing'),
  ($$ insert into jobs.ready select * from jobs.ready where ord = (select max(ord) from jobs.ready where
    cardinality(ids) = 1) $$,
    '^in two places: 1$', 'a job that is ready twice'),
  ($$ insert into jobs.scheduled (ord, queue_id, kind_id, priority, attempt, claims, ids, run_at) select
    ord, queue_id, kind_id, priority, attempt, claims, ids, now() from jobs.ready where ord =
    (select max(ord) from jobs.ready where cardinality(ids) = 1) $$,
    'in two places.*states differ: 2$', 'a job that is ready and scheduled'),
  ($$ update jobs.lease set unfinished = unfinished | 1073741823 where claim = (select min(claim) from
    jobs.lease) $$,
    'live, but not in the log', 'a slot that is open though its job has ended'),
  ($$ with gone as (delete from jobs.scheduled where ord = (select max(ord) from jobs.scheduled where
    cardinality(ids) = 1) returning *) insert into jobs.ready (ord, queue_id, kind_id, priority,
    attempt, claims, ids) select ord, queue_id, kind_id, priority, attempt, claims, ids from gone $$,
    '^states differ: 1$', 'a scheduled job that was made ready without an event'),
  ($$ update jobs.ready set attempt = attempt + 1 where ord = (select max(ord) from jobs.ready where
    cardinality(ids) = 1) $$,
    '^attempts differ: 1$', 'an attempt too many'),
  ($$ update jobs.lease set attempt = 9 where claim = (select min(claim) from jobs.lease) $$,
    '^attempts differ: \d+$', 'one in a lease as well'),
  ($$ update jobs.scheduled set queue_id = 9 where ord = (select max(ord) from jobs.scheduled where
    cardinality(ids) = 1) $$,
    '^queues differ: 1$', 'a job in another queue than its own'),
  ($$ update jobs.lease set unfinished = 0 where claim = (select min(claim) from jobs.lease) $$,
    '^a claim without an open slot; lost: the log has it live: \d+$', 'a claim without an open slot'),
  ($$ insert into jobs.lane (queue_id, ver, priorities, soft, hard) select 1, 1000000, '{2,0}',
    '{1000000,0}', '{1000000,0}' $$,
    '^a ready block below its watermark: 1$', 'a block below its watermark'),
  ($$ delete from jobs.job where id = (select ids[1] from jobs.ready order by ord desc limit 1) $$,
    '^live, but not in the log: 1$', 'a job whose facts are missing'),
  ($$ delete from jobs.event where pos = (select min(pos) from jobs.event where type = 'claimed') $$,
    'differ', 'a transition that is missing from the log'),
  ($$ insert into jobs.line (queue_id, gate, key, rank, id, state) select j.queue_id, 'c', 'c', 1, j.id, 'r' from jobs.job j
    where j.id = (select min(ids[1]) from jobs.event where type = 'completed') $$,
    '^in the line of a key, though it has ended: 1$', 'a job that has ended and stands in a line'),
  ($$ with o as (select id from jobs.line where gate = 'o' and state = 's') update jobs.lease l set unfinished = 0 from o
    where o.id = any(l.ids); insert into jobs.event (pos, xid, at, queue_id, type, attempt, ids) select
    nextval('jobs.pos_seq'), pg_current_xact_id(), now(), l.queue_id, 'completed', 1, array[l.id] from jobs.line l
    where l.gate = 'o' and l.state = 's' $$,
    'in the line of a key, though it has ended', 'one of an ordering key that had started'),
  ($$ delete from jobs.line where gate = 'c' and state = 'b' $$,
    '^blocked by a key, but not in its line: 1$', 'a blocked job that nobody will release'),
  ($$ update jobs.line set state = 'q' where gate = 'o' and state = 'b' $$,
    '^blocked by a key, but not in its line: 1$', 'one that is taken for ready'),
  ($$ delete from jobs.line where gate = 'o' and state = 's' $$,
    '^live, but not in the line of its ordering_key: 1$', 'a running job that lets others overtake it'),
  ($$ delete from jobs.stream_event where version = 2 $$,
    '^a stream with a gap: 1$', 'an event that is missing from its stream'),
  ($$ update jobs.stream_event set pos = -pos where version = 2 $$,
    '^a version before its predecessor: 1$', 'an event whose position is lower than the one before it');
select matches(damage(what), expected, description) from planned order by n;

-- each of these is put right by the rollback
select is_consistent();
select is(array(select format('%s', p) from jobs.verify() as p), '{}', 'nothing is wrong in the end');

-- while another session is at work it sees one moment: a claim that this transaction has not committed counts
begin;
select take(3) \g /dev/null
select is_consistent();
rollback;
select is_consistent();
begin isolation level repeatable read;
select is_consistent();
commit;

-- ids name the job
begin;
select jobs.enqueue('k', queue => 'x') as id \gset
update jobs.ready set attempt = 7 where :id = any(ids);
select results_eq('select job_id, detail from jobs.verify()', format($$ values (%s::bigint, 'table: 7, log: 0') $$, :id), 'job_id and detail say which and what');
rollback;

-- all paths, once more at scale, with what ends in every way
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[1000]), max_attempts => 1) \g /dev/null
create temporary table many as select token, id, row_number() over () as n from jobs.claim(max_jobs => 1000);
select count(*) from jobs.complete_many(array(select token from many where n % 7 in (0, 1))) \g /dev/null
select count(*) from jobs.fail_many(array(select token from many where n % 7 = 2)) \g /dev/null
select count(*) from jobs.release_many(array(select token from many where n % 7 = 3)) \g /dev/null
select jobs.skip(token) from many where n % 7 = 4 \g /dev/null
select jobs.snooze(token, '1 h') from many where n % 7 = 5 \g /dev/null
select is_consistent();
select jobs.retry_many() \g /dev/null
select is_consistent();
select jobs.cancel_many('default', max_jobs => 200) \g /dev/null
select is_consistent();
update jobs.setting set test_clock = true;
select jobs.set_test_clock(now() + interval '2 h') \g /dev/null
select jobs.tick() \g /dev/null
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is_consistent();
select is((select count(*) from jobs.lease), 0::bigint, 'what was left running is back');
select is((select count(*) from jobs.scheduled where run_at < 'infinity'), 0::bigint, 'and what was due is ready');
select take(10000) \g /dev/null
select is_consistent();
select * from finish();
