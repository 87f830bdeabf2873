\ir lib/setup.sql
select plan(39);

-- one kind
select count(*) as n, count(distinct id) as ids, bool_and(created) as created,
  array_agg(ord order by ord) = array(select generate_series(1, 10000)) as ords_are_indexes,
  array_agg(id order by ord) = array_agg(id order by id) as ids_ascend
from jobs.enqueue_many('bulk', array(select jsonb_build_object('n', i) from generate_series(1, 10000) as i)) \gset
select is(:n, 10000, '10,000 jobs in one statement');
select is(:ids, 10000, 'each with an id of its own');
select ok(:'created', 'all of them created');
select ok(:'ords_are_indexes', 'ord is the index, from 1');
select ok(:'ids_ascend', 'ids ascend with it');
select is((select count(*) from jobs.ready), 167::bigint, 'they lie in blocks of 60');
select is(array(select (args ->> 'n')::int from jobs.claim(max_jobs => 10000)), array(select generate_series(1, 10000)),
  'and are claimed in their order, whole');
select is((select count(*) from jobs.enqueue_many('bulk', '{}'::jsonb[])), 0::bigint, 'no args, no job');
select is((select count(*) from jobs.ready), 0::bigint, 'and no empty block');

select array_agg(id order by ord) as ids from jobs.enqueue_many('mail', '{"{}","[]"}', 'post', 7, null, '1 hour', 3, 'eu',
  '90 s', '45 s', '{"base": 2}', '{"h": 1}') \gset
select is(count(*), 2::bigint, 'the options of enqueue hold for each of them') from jobs.job j
where id = any(:'ids'::bigint[]) and options @> '{"max_attempts": 3, "routing_key": "eu", "timeout": 90, "lease": 45,
  "backoff": {"base": 2}, "headers": {"h": 1}}' and priority = 7;
select is((select array_agg(s.ids) from jobs.scheduled s), array[:'ids'::bigint[]], 'and they wait as one block');

-- an array of objects
select jobs.enqueue_many('[
  {"kind": "a", "args": {"n": 1}},
  {"kind": "b", "args": {"n": 2}, "queue": "other", "priority": 9},
  {"kind": "a", "args": {"n": 3}},
  {"kind": "a", "args": {"n": 4}, "delay": "1 hour", "max_attempts": 5},
  {"kind": "c", "run_at": "2000-01-01T00:00:00Z", "headers": {"h": 1}},
  {"kind": "d", "args": null, "timeout": 90, "lease": "00:01:00", "routing_key": "eu", "backoff": {"base": 3}}]') \g /dev/null
create temporary table made as
select row_number() over (order by j.id) as nth, j.*, s.kind, s.queue, s.state
from jobs.job j join jobs.job_state s using (id) where kind in ('a', 'b', 'c', 'd');
select is((select count(*) from made), 6::bigint, 'each object is a job');
select is((select array_agg(distinct args ->> 'n') from made where kind = 'a' and state = 'ready'), '{1,3}', 'with its kind');
select is((select queue || priority from made where kind = 'b'), 'other9', 'its queue and priority');
select is((select options - 'run_at' from made where state = 'scheduled'), '{"max_attempts": 5}', 'its options');
select is((select (args, options)::text from made where kind = 'c'), '({},"{""headers"": {""h"": 1}}")',
  'args {} by default, a run_at in the past is now');
select is((select args from made where kind = 'd'), 'null', 'null is JSON too');
select is((select options from made where kind = 'd'),
  '{"timeout": 90, "lease": 60, "routing_key": "eu", "backoff": {"base": 3}}', 'a duration is a number of seconds or a text');
select is(
  (select array_agg((m.ord, j.args ->> 'n')::text order by m.ord) from jobs.enqueue_many('[
    {"kind": "p", "args": {"n": 1}}, {"kind": "q", "args": {"n": 2}}, {"kind": "p", "args": {"n": 3}}]') as m
   left join jobs.job j on j.id = m.id), '{"(1,)","(2,)","(3,)"}', 'a row per object, in order');
select is((select array_agg(args -> 'n' order by id) from jobs.job_state join jobs.job using (id) where kind in ('p', 'q')),
  '{1,3,2}', 'objects that differ in args alone go together, in the order of the first of them');
select is((select count(*) from jobs.enqueue_many('[]'::jsonb)), 0::bigint, 'an empty array makes no job');

-- a bad one among them
select count(*) as before from jobs.job \gset
select refuses($$ select jobs.enqueue_many('{"kind": "a"}'::jsonb) $$, 'JB002', 'not an array', 'array', 'array of objects');
select refuses($$ select jobs.enqueue_many(null::jsonb) $$, 'JB002', 'null', 'array', 'array of objects');
create table refusal (job text, state text, message text);
insert into refusal values
  ('7', 'JB002', 'no JSON object at index 3'),
  ('{"args": {}}', 'JB002', 'null cannot be used, at index 3'),
  ('{"kind": ""}', 'JB002', 'cannot be used, at index 3'),
  ('{"kind": "a", "priority": 101}', 'JB002', 'priority is 101, at index 3'),
  ('{"kind": "a", "priority": "high"}', 'JB002', 'high.*at index 3'),
  ('{"kind": "a", "priority": 99999999999}', 'JB002', '99999999999.*at index 3'),
  ('{"kind": "a", "run_at": "tomorrow-ish"}', 'JB002', 'tomorrow-ish.*at index 3'),
  ('{"kind": "a", "run_at": "2031-01-01", "delay": 5}', 'JB002', 'both run_at and delay are given, at index 3'),
  ('{"kind": "a", "max_atempts": 5}', 'JB002', 'unknown key ''max_atempts'' at index 3'),
  ('{"kind": "a", "headers": []}', 'JB002', 'headers is not a JSON object, at index 3');
select refuses(
  format($$ select jobs.enqueue_many('[{"kind": "a"}, {"kind": "b"}, %s, {"kind": "a"}]') $$, job), state,
  'the third is ' || job, message, '.')
from refusal;
select refuses(
  $$ select jobs.enqueue_many(jsonb_build_array('{"kind": "a"}'::jsonb, '{"kind": "a"}'::jsonb,
    jsonb_build_object('kind', 'a', 'args', repeat('x', 1048577)))) $$, 'JB003',
  'the third is too large', 'args of index 3', 'max_args_bytes', '1048576 allowed');
select refuses($$ select jobs.enqueue_many('a', array['{}', null, '{}']::jsonb[]) $$, 'JB002', 'the second of args is null',
  'args', 'JSON value', 'index 2');
select refuses($$ select jobs.enqueue_many('a', array['{}', to_jsonb(repeat('x', 1048577))]) $$, 'JB003',
  'the second of args is too large', 'args of index 2', 'max_args_bytes', '1048576 allowed');
select refuses($$ select jobs.enqueue_many('a', null::jsonb[]) $$, 'JB002', 'args is null', 'args is null', 'JSON value');
select is((select count(*) from jobs.job), :before::bigint, 'one bad job, and none is inserted');
select is_consistent();
select * from finish();
