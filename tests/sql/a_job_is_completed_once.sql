\ir lib/setup.sql
select plan(45);

-- one
select jobs.enqueue('k') as id \gset
select token from jobs.claim() \gset
select is(jobs.complete(:token, '{"rows": 3}'), 'completed', 'a claimed job is completed');
select is(job(:id) ->> 'state', 'completed', 'that is its state');
select is(job(:id) -> 'result', '{"rows": 3}', 'it has its result');
select is(timeline(:id), 'enqueued 0, claimed 1, completed 1', 'its timeline ends there');
select is((select count(*) from jobs.lease), 0::bigint, 'the lease is gone');
select is(jobs.complete(:token, '{"rows": 3}'), 'already_done', 'the same again is already done');
select is(jobs.complete(:token, '"another"'), 'already_done', 'with another result as well');
select is(job(:id) -> 'result', '{"rows": 3}', 'and the first result stays');
select refuses(format('select jobs.fail(%s)', :token), 'JB001', 'another outcome than that is stale', 'stale claim', 'Roll back');
select refuses(format('select jobs.%s(%s)', verb, :token), 'JB001', verb || ' is stale', 'stale claim', 'Roll back')
from unnest('{skip,discard,release}'::text[]) as verb;
select refuses(format('select jobs.snooze(%s, ''1 s'')', :token), 'JB001', 'snooze is stale', 'stale claim', 'Roll back');
select is(timeline(:id), 'enqueued 0, claimed 1, completed 1', 'and nothing was added to the log');

-- results
select jobs.enqueue('k') as json_null \gset
select jobs.complete(claim_of(:json_null), 'null') \g /dev/null
select is(job(:json_null) -> 'result', 'null', 'null is a result');
select jobs.enqueue('k') as no_result \gset
select jobs.complete(claim_of(:no_result)) \g /dev/null
select is(job(:no_result) ? 'result', true, 'a job without a result has the key too');
select is(job(:no_result) ->> 'result', null, 'with null');
select jobs.enqueue('k') as large \gset
select claim_of(:large) as token \gset
select refuses(format($$ select jobs.complete(%s, to_jsonb(repeat('x', 1048577))) $$, :token), 'JB003',
  'a result over 1 MiB', 'result: too large', 'max_result_bytes', '^\d+ bytes as stored, 1048576 allowed$');
select is(state(:large), 'running', 'leaves the claim held');
select is(jobs.complete(:token, to_jsonb(repeat('x', 1000000))), 'completed', 'so that a smaller one can follow');
select is(length(job(:large) ->> 'result'), 1000000, 'a large result is kept whole');

-- a transaction with a stale token writes nothing
create table effect (n int);
begin;
insert into effect values (1);
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK off
select jobs.complete(:token # 64) \g /dev/null
\set ON_ERROR_STOP on
commit;
select is_empty('select from effect', 'a stale completion takes the writes of its transaction with it');

-- many
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[6])) \gset
select array_agg(token) as t from jobs.claim(max_jobs => 6) \gset
select (:'t'::bigint[])[1] as t1, (:'t'::bigint[])[2] as t2, (:'t'::bigint[])[3] as t3, (:'t'::bigint[])[4] as t4, (:'t'::bigint[])[5] as t5, (:'t'::bigint[])[6] as t6 \gset
select is_empty(format($$ select from jobs.complete_many('{%s,%s}', '{"\"three\"","\"one\""}') $$, :t3, :t1),
  'complete_many has nothing to say of what it has completed');
select is((select array_agg(job(id) -> 'result' order by id) from unnest(:'ids'::bigint[]) as id where state(id) = 'completed'),
  array['"one"', '"three"']::jsonb[], 'each job has its own result');
select is((select array_agg(state(id) order by id) from unnest(:'ids'::bigint[]) as id),
  '{completed,running,completed,running,running,running}', 'the others of the block run on');
select is((select array_agg((c.token, status)::text order by status) from jobs.complete_many(array[:t1, :t2, :t2 # 64, :t4]) as c),
  array[format('(%s,already_done)', :t1), format('(%s,stale)', :t2 # 64)], 'only of what was done before, and of what is stale');
select is((select array_agg(state(id) order by id) from unnest(:'ids'::bigint[]) as id),
  '{completed,completed,completed,completed,running,running}', 'which do not stop the others');
select is(array(select (c.token, status)::text from jobs.complete_many(array[:t5, :t5], '{1,2}') as c),
  array[format('(%s,already_done)', :t5)], 'a token that is given twice is completed, and then already done');
select is(job((:'ids'::bigint[])[5]) -> 'result', '1', 'with the first result');
select is(array(select status from jobs.complete_many(array[:t6])), '{}', 'the last of the block');
select is((select count(*) from jobs.lease), 0::bigint, 'ends the lease');
select is(array(select status from jobs.complete_many('{}')), '{}', 'no tokens, no rows');
select is(array(select status from jobs.complete_many(array[:t1, :t2, :t3, :t4, :t5, :t6])), array_fill('already_done'::text, array[6]),
  'the whole call again is already done');

-- many claims at once, whole and in part, in no order
select count(*) from jobs.enqueue_many('k', array(select to_jsonb(i) from generate_series(1, 200) as i)) \g /dev/null
create temporary table held as select token, id, args from jobs.claim(max_jobs => 200);
create temporary table part as select * from held where (args #>> '{}')::int % 3 <> 0 or (args #>> '{}')::int <= 60;
select is((select count(*) from (select array_agg(token order by md5(token::text)) as t, array_agg(args order by md5(token::text)) as r from part) as p,
    jobs.complete_many(t, r) as c), 0::bigint, 'parts of four claims, in no order, are completed');
select is((select count(*) from part where job(id) -> 'result' = args), (select count(*) from part), 'each with its own result');
select is((select count(*) from held where state(id) = 'running'), (select 200 - count(*) from part), 'and nothing else');

-- a result that is too large fails that job alone
update jobs.setting set max_result_bytes = 3000;
select jobs.enqueue('k', max_attempts => 1, queue => 'q') as last \gset
select jobs.enqueue('k', queue => 'q') as first \gset
select jobs.enqueue('k', queue => 'q') as fine \gset
select array_agg(token) as t from jobs.claim('{q}', max_jobs => 3) \gset
select is(array(select status from jobs.complete_many(:'t', array[to_jsonb(repeat('x', 4000)), to_jsonb(repeat('x', 4000)), '1'])),
  '{dead,scheduled}', 'in complete_many it fails that job: dead, scheduled');
select is(job(:last) #>> '{error,type}', 'ResultTooLarge', 'the error says so');
select matches(job(:last) #>> '{error,message}', '4\d\d\d bytes.*3000.*max_result_bytes', 'with both sizes and the setting');
select is(timeline(:first), 'enqueued 0, claimed 1, failed 1', 'the attempt is charged');
select is(job(:fine) -> 'result', '1', 'and the neighbour has its result');
select is(array(select status from jobs.complete_many(:'t', array[to_jsonb(repeat('x', 4000)), to_jsonb(repeat('x', 4000)), '1'])),
  '{already_done,already_done,already_done}', 'the same call again is already done');
select refuses($$ select jobs.complete_many('{1,2}', '{1}') $$, 'JB002', 'one result for two tokens', '1 results for 2 tokens', 'one result');
select refuses($$ select jobs.complete_many('{1}', '{}') $$, 'JB002', 'no results for one token', '0 results for 1 tokens', 'one result');
select is_consistent();
select * from finish();
