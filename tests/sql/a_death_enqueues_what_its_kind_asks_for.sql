\ir lib/setup.sql
select plan(27);
select stop_the_clock();

select jobs.configure_kind('fragile', on_dead => 'undertaker', max_attempts => 2, max_claims => 3) \g /dev/null
select jobs.configure_kind('undertaker', queue => 'funerals') \g /dev/null
create function funerals() returns jsonb[] language sql as $$
  select array_agg(j.args order by j.id) from jobs.job j join jobs.job_state s using (id) where s.kind = 'undertaker' $$;

select jobs.enqueue('fragile', queue => 'q') as id \gset
select is(jobs.fail(claim_of(:id), retry_in => '0'), 'ready', 'a failure that is retried');
select is(funerals(), null, 'is no death');
begin;
select jobs.fail(claim_of(:id), '{"type": "E", "message": "m"}') \g /dev/null
select is(funerals(), array[jsonb_build_object('job', jsonb_build_object('id', :id, 'kind', 'fragile', 'queue', 'q'), 'reason', 'exhausted',
  'error', '{"type": "E", "message": "m"}'::jsonb)], 'a death enqueues a job that says who died, why, and of what');
rollback;
select is(funerals(), null, 'in the same transaction: rolled back, it is not there');
select is(state(:id), 'ready', 'and the death has not happened');
select jobs.fail(claim_of(:id)) \g /dev/null
select is((select (queue, state)::text from jobs.job_state where kind = 'undertaker'), '(funerals,ready)', 'it goes where its kind goes');
select is((funerals())[1] -> 'error', 'null', 'an error that there was not is null');

-- every way to die
select jobs.enqueue('fragile') as aborted \gset
select jobs.fail(claim_of(:aborted), reason => 'aborted') \g /dev/null
select is((funerals())[2] ->> 'reason', 'aborted', 'at once');
select jobs.enqueue('fragile', max_attempts => 1) as lost \gset
select claim_of(:lost) \g /dev/null
select advance('31 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is((funerals())[3], jsonb_build_object('job', jsonb_build_object('id', :lost, 'kind', 'fragile', 'queue', 'default'), 'reason', 'abandoned',
  'error', null), 'by a lost lease');
select jobs.enqueue('fragile', max_attempts => 1, timeout => '1 s') as slow \gset
select claim_of(:slow) \g /dev/null
select advance('31 s');
select jobs.tick() \g /dev/null
select is((funerals())[4] ->> 'reason', 'timeout', 'by a timeout, found by a tick');
select is((funerals())[4] #>> '{error,type}', 'Timeout', 'with its error');
select jobs.enqueue('fragile') as released \gset
select count(*) from (select jobs.release(claim_of(:released + least(i, 0))) from generate_series(1, 3) as i) as r \g /dev/null
select is((funerals())[5] ->> 'reason', 'abandoned', 'by too many claims');
select jobs.enqueue('fragile') as snoozed \gset
select jobs.snooze(claim_of(:snoozed), '0', max_snoozes => 0) \g /dev/null
select is((funerals())[6] ->> 'reason', 'rejected', 'by too many snoozes');
select jobs.enqueue('fragile', queue => 'lowered') as lowered \gset
select jobs.fail(claim_of(:lowered), retry_in => '0') \g /dev/null
select jobs.configure_kind('fragile', max_attempts => 1) \g /dev/null
select take(1, '{lowered}') \g /dev/null
select is((funerals())[7] ->> 'reason', 'exhausted', 'at a claim, since max_attempts was lowered');
update jobs.setting set max_result_bytes = 2000;
select jobs.enqueue('fragile') as large \gset
select count(*) from jobs.complete_many(array[claim_of(:large)], array[to_jsonb(repeat('x', 3000))]) \g /dev/null
select is((funerals())[8] #>> '{error,type}', 'ResultTooLarge', 'by a result that is too large');
select array_agg(id) as ids from jobs.enqueue_many('fragile', array_fill('{}'::jsonb, array[3]), queue => 'block') \gset
select count(*) from jobs.fail_many(array(select token from jobs.claim('{block}', max_jobs => 3))) \g /dev/null
select is((select array_agg((f #>> '{job,id}')::bigint order by nth) from unnest(funerals()) with ordinality as u(f, nth) where nth > 8), :'ids'::bigint[],
  'each of a block for itself');


-- what it carries
select jobs.enqueue('fragile', headers => '{"traceparent": "00-a", "tracestate": "x=1", "correlation_id": "c-7", "own": 1}') as traced \gset
select jobs.fail(claim_of(:traced)) \g /dev/null
create function last_headers() returns jsonb language sql as $$
  select j.options -> 'headers' from jobs.job j join jobs.kind k on k.id = j.kind_id where k.name = 'undertaker' order by j.id desc limit 1 $$;
select is(last_headers(), jsonb_build_object('traceparent', '00-a', 'tracestate', 'x=1', 'correlation_id', 'c-7', 'causation_id', :'traced'),
  'it carries the trace context and correlation id of the dead job, which is its cause');
select jobs.fail(claim_of(jobs.enqueue('fragile'))) \g /dev/null
select is(last_headers() ->> 'correlation_id', last_headers() ->> 'causation_id', 'without a correlation id the dead job''s own id is');

-- in one transaction, wherever the death is found
create function rolls_back(statement text) returns int language plpgsql as $$
declare _made int;
begin
  execute statement;
  _made := cardinality(funerals());
  raise exception using errcode = 'P0001', message = _made;
exception when raise_exception then return sqlerrm::int - cardinality(funerals());
end $$;
select jobs.enqueue('fragile', max_attempts => 1) as lost_too \gset
select claim_of(:lost_too) \g /dev/null
select advance('31 s');
select is(rolls_back(format('do $d$ begin perform from jobs.reset_stale_claims(); end $d$')), 1, 'a reset that is rolled back leaves no job: it was there before');
select is((select count(*)::int from jobs.reset_stale_claims()), 1, 'one that is committed does');
select jobs.configure_kind('fragile', max_attempts => 2) \g /dev/null
select jobs.enqueue('fragile', queue => 'spent') as spent \gset
select jobs.fail(claim_of(:spent), retry_in => '0') \g /dev/null
select jobs.configure_kind('fragile', max_attempts => 1) \g /dev/null
select is(rolls_back('select take(1, ''{spent}'')'), 1, 'so does a claim that finds an exhausted job');
select is(cardinality(funerals()), 14, 'and none of them is left');
update jobs.setting set max_args_bytes = 2000, max_headers_bytes = 2000;
select jobs.enqueue('fragile', queue => 'long') as long \gset
select is(jobs.fail(claim_of(:long), jsonb_build_object('message', (select string_agg(md5(i::text), '') from generate_series(1, 200) as i))), 'dead',
  'an error that is longer than args may be keeps no job from dying');

-- and what is none
select jobs.enqueue('fragile') as cancelled \gset
select jobs.cancel(:cancelled) \g /dev/null
select jobs.enqueue('fragile') as skipped \gset
select jobs.skip(claim_of(:skipped)) \g /dev/null
select jobs.discard(claim_of(jobs.enqueue('fragile'))) \g /dev/null
select is(cardinality(funerals()), 15, 'cancelled, skipped and discarded jobs are not dead');
select jobs.configure_kind('fragile', reset => '{on_dead}') \g /dev/null
select jobs.fail(claim_of(jobs.enqueue('fragile'))) \g /dev/null
select is(cardinality(funerals()), 15, 'once reset, deaths are quiet');
select jobs.fail(claim_of(jobs.enqueue('undertaker')), reason => 'aborted') \g /dev/null
select is(cardinality(funerals()), 16, 'an undertaker''s own death is');
select is_consistent();
select * from finish();
