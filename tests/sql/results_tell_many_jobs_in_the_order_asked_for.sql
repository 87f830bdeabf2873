\ir lib/setup.sql
select plan(20);
select stop_the_clock();

select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[8])) \g /dev/null
create temporary table made as select row_number() over (order by id)::int as n, id from jobs.job;
create function nth(int) returns bigint language sql as $$ select id from made where n = $1 $$;
select jobs.complete(claim_of(nth(1)), '{"sum": 7}'), jobs.complete(claim_of(nth(2))), jobs.complete(claim_of(nth(3)), 'null') \g /dev/null
select jobs.fail(claim_of(nth(4)), '{"message": "no"}', reason => 'rejected'), jobs.cancel(nth(5), 'not wanted') \g /dev/null
select jobs.fail(claim_of(nth(6)), '{"message": "later"}'), claim_of(nth(7)) \g /dev/null

create function told(ids bigint[]) returns setof text language sql as $$
  select concat_ws(' ', coalesce(r.state, 'none'), r.result, r.reason, r.error ->> 'message', case when r.result_pruned then 'pruned' end) from jobs.results(ids) as r $$;
select is(array(select told(array[nth(1)])), '{"completed {\"sum\": 7}"}', 'a result');
select is(array(select told(array[nth(2)])), '{completed}', 'no result');
select is((select (state, result, result_pruned)::text from jobs.results(array[nth(3)])), '(completed,null,f)', 'a result that is null');
select is(array(select told(array[nth(4)])), '{"dead rejected no"}', 'a death, with its reason and error');
select is(array(select told(array[nth(5)])), '{"cancelled not wanted"}', 'a cancellation');
select is(array(select told(array[nth(6)])), '{"scheduled later"}', 'a job that will be tried again');
select is(array(select told(array[nth(7), nth(8)])), '{running,ready}', 'jobs that have not ended');
select is(array(select told(array[0, null]::bigint[])), '{none,none}', 'jobs that are not there');
select is(array(select id from jobs.results(array[nth(8), nth(1), 0, nth(5), nth(1)])), array[nth(8), nth(1), 0, nth(5), nth(1)], 'in the order of ids, also twice');
select is_empty($$select * from jobs.results('{}')$$, 'none for none');
select is_empty($$select * from jobs.results(null)$$, 'nor for null');
begin read only;
select is((select count(*) from jobs.results(array[nth(1)])), 1::bigint, 'in a read-only transaction');
commit;

-- the flag
create function flag() returns bigint language sql as $$ select pg_sequence_last_value('jobs.waiter_flag') $$;
select isnt(flag(), 2::bigint, 'nobody waits');
select count(*) from jobs.results(array[nth(8)], notify => true) \g /dev/null
select is(flag(), 2::bigint, 'notify: somebody waits');
select jobs.enqueue('k') \g /dev/null
select count(*) from jobs.claim() \g /dev/null
select is(flag(), 2::bigint, 'nothing has ended');
select jobs.complete(claim_of(jobs.enqueue('k'))) \g /dev/null
select is(flag(), 1::bigint, 'a completion takes the flag');
create function takes_the_flag(statement text) returns boolean language plpgsql as $$
begin
  perform from jobs.results('{1}', notify => true);
  execute statement;
  return flag() = 1;
end $$;
select ok(takes_the_flag(format('select %s', call)), call) from unnest(array[
  $$jobs.complete_many(array[claim_of(jobs.enqueue('k'))])$$, $$jobs.cancel(jobs.enqueue('k'))$$, $$jobs.discard(claim_of(jobs.enqueue('k')))$$,
  $$jobs.fail(claim_of(jobs.enqueue('k')), reason => 'aborted')$$]) as call;
select * from finish();
