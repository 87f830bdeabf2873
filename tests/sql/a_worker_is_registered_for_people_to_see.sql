\ir lib/setup.sql
select plan(27);
select stop_the_clock();

select jobs.register_worker('host 1', '{mail,default}', '{send}', '{"pid": 7}') as worker \gset
select is((select (name, queues, kinds, info, started_at = jobs.now(), seen_at = jobs.now())::text from jobs.worker where id = :'worker'),
  '("host 1","{mail,default}",{send},"{""pid"": 7}",t,t)', 'a worker is registered');
select set_eq('select name from jobs.queue', '{mail,default}'::text[], 'the queues that it names exist');
select set_eq('select name from jobs.kind', '{send}'::text[], 'and the kinds');
select isnt(jobs.register_worker('host 1'), :'worker', 'names need not be unique');
select jobs.enqueue('send') as id \gset
select token from jobs.claim(null, :'worker') \gset
select is(worker, :'worker', 'the log tells who claimed a job') from jobs.history(:id) where type = 'claimed';
select jobs.deregister_worker(:'worker') \g /dev/null
select is((select count(*) from jobs.worker where id = :'worker'), 0::bigint, 'it can be taken from the registry');
select is(jobs.complete(:token), 'completed', 'which takes nothing from it');
select lives_ok(format('select jobs.deregister_worker(%L)', :'worker'), 'twice is no error');
select jobs.enqueue('send') as id \gset
select isnt(token, null, 'a worker that was never registered can claim as well') from jobs.claim(null, gen_random_uuid());
select refuses($$ select jobs.register_worker('') $$, 'JB002', 'a name that is empty', 'needs a name', '255 bytes');
select refuses($$ select jobs.register_worker(null) $$, 'JB002', 'no name', 'needs a name', '255 bytes');
select refuses($$ select jobs.register_worker(repeat('n', 256)) $$, 'JB002', 'a name of 256 bytes', 'needs a name', '255 bytes');
select refuses($$ select jobs.register_worker('x', '{""}') $$, 'JB002', 'a queue without a name', 'cannot be used', '255 bytes');
select refuses($$ select jobs.register_worker('x', null, array[null]::text[]) $$, 'JB002', 'a kind that is null', 'null', '255 bytes');

-- maintain forgets the dead
select is((select count(*) from jobs.worker), 1::bigint, 'one worker is left');
select advance('1 day');
select is(jobs.maintain() - 'reset', '{"ticked": true, "partitions": []}', 'maintain says what it has done');
select is((select count(*) from jobs.worker), 1::bigint, 'a worker seen a day ago stays');
select advance('1 s');
select jobs.maintain() \g /dev/null
select is((select count(*) from jobs.worker), 0::bigint, 'then it is forgotten');
begin;
select jobs.enqueue('send') \g /dev/null
select is(jobs.maintain() -> 'ticked', 'false', 'in a transaction that has written, maintain cannot tick');
commit;

-- maintain tidies up what two transactions noted twice
select jobs.enqueue('send', priority => 8) \g /dev/null
insert into jobs.queue_priority select * from jobs.queue_priority;
select jobs.maintain() \g /dev/null
select is((select array_agg(priority order by priority) from jobs.queue_priority p join jobs.queue q on q.id = p.queue_id where q.name = 'default'),
  '{0,8}', 'a priority that was noted twice is noted once');

-- maintain makes partitions ahead of the sequence
create function partitions(parent text) returns bigint language sql as $$ select count(*) from pg_inherits where inhparent = parent::regclass $$;
select partitions('jobs.job') as jobs_before, partitions('jobs.event') as events_before \gset
select setval('jobs.pos_seq', 16777216 - 5) \g /dev/null
select jobs.maintain() -> 'partitions' as made \gset
select setval('jobs.pos_seq', 16777216 + 5) \g /dev/null
select jobs.maintain() -> 'partitions' as made_later \gset
select cmp_ok(jsonb_array_length(:'made'::jsonb) + jsonb_array_length(:'made_later'::jsonb), '>', 0, 'maintain has made partitions');
select ok((select max(substring(pg_get_expr(c.relpartbound, c.oid) from $re$TO \('?(\d+)'?\)$re$)::bigint) from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = parent::regclass) > 16777216 + 5, parent || ' has one that lies ahead of the sequence')
from unnest('{jobs.job,jobs.event}'::text[]) as parent;
select is(jobs.maintain() -> 'partitions', '[]', 'once');
select jobs.enqueue('send') as id \gset
select jobs.complete(claim_of(:id)) \g /dev/null
select is((select count(*) from jobs.job_overflow) + (select count(*) from jobs.event_overflow), 0::bigint, 'so that nothing overflows');
select setval('jobs.pos_seq', 1::bigint << 40) \g /dev/null
select jobs.enqueue('send') as far \gset
select is(jobs.complete(claim_of(:far)), 'completed', 'nor is anything lost where no partition is');
select is_consistent();
select * from finish();
