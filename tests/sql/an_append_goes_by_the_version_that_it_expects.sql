\ir lib/setup.sql
select plan(25);

select refuses($$ select jobs.append_event('order-1', 't', expected_version => 1) $$, 'JB010', 'a stream that does not exist has version 0', 'order-1', 'read the stream again',
  '^expected 1, actual 0$');
select lives_ok($$ select jobs.append_event('order-1', 't', expected_version => 0) $$, '0: it must not exist');
select refuses($$ select jobs.append_event('order-1', 't', expected_version => 0) $$, 'JB010', '0: and it does', 'version conflict: stream order-1', 'Another writer', '^expected 0, actual 1$');
select lives_ok($$ select jobs.append_event('order-1', 't', expected_version => 1) $$, 'the exact one');
select lives_ok($$ select jobs.append_event('order-1', 't') $$, 'any');
select lives_ok($$ select jobs.append_event('order-1', 't', expected_version => null) $$, 'null is any');
select refuses(format($$ select jobs.append_event('order-1', 't', expected_version => %s) $$, v), 'JB010', v || ' is not 4', detail => format('^expected %s, actual 4$', v))
from unnest('{0,1,2,3,5,1000000000000,9223372036854775807}'::bigint[]) as v;
select refuses(format($$ select jobs.append_event('order-1', 't', expected_version => %s) $$, v), 'JB002', v || ' is no version', format('expected_version is %s', v), 'number of events')
from unnest('{-1,-9223372036854775808}'::bigint[]) as v;
select is((select array_agg(version) from jobs.read_stream('order-1')), '{1,2,3,4}', 'nothing of that was appended');

-- lists
select refuses($$ select jobs.append_events('order-1', '[{"type": "a"}, {"type": "b"}]', 3) $$, 'JB010', 'a list expects what comes before its first', detail => 'expected 3, actual 4');
select is((select array_agg(version) from jobs.append_events('order-1', '[{"type": "a"}, {"type": "b"}]', expected_version => 4)), '{5,6}', 'and goes on from there');
select is((select array_agg(version) from jobs.append_events('order-2', '[{"type": "a"}, {"type": "b"}]', expected_version => 0)), '{1,2}', 'also from 0');
select refuses($$ select jobs.append_events('order-3', '[{"type": "a"}]', -1) $$, 'JB002', 'no version', 'expected_version is -1', 'number of events');

-- within a transaction each append sees those before it
begin;
select jobs.append_event('order-4', 't', expected_version => 0) \g /dev/null
select jobs.append_event('order-4', 't', expected_version => 1) \g /dev/null
savepoint s;
\set ON_ERROR_STOP off
select jobs.append_event('order-4', 't', expected_version => 1);
\set refused :SQLSTATE
\set ON_ERROR_STOP on
rollback to s;
select jobs.append_event('order-4', 't', expected_version => 2) \g /dev/null
commit;
select is(:'refused'::text, 'JB010', 'its own appends count');
select is((select array_agg(version) from jobs.read_stream('order-4')), '{1,2,3}', 'it goes on after a conflict');
create function append_until_it_fits() returns bigint language plpgsql as $$
begin
  return jobs.append_event('order-4', 't', expected_version => 0);
exception when sqlstate 'JB010' then
  return jobs.append_event('order-4', 't', expected_version => 3);
end $$;
select lives_ok('select append_until_it_fits()', 'a function may catch the conflict');
select is((select max(version) from jobs.read_stream('order-4')), 4::bigint, 'and append again');
select is((select count(*) from jobs.stream_event where stream = 'order-3'), 0::bigint, 'a stream of refused appends does not exist');
select * from finish();
