\ir lib/setup.sql
select plan(24);
select stop_the_clock();

select jobs.append_event('order-1', 'order.placed') as before \gset
select results_eq($$ select ord, version, created from jobs.append_events('order-1', '[{"type": "a"}, {"type": "b", "data": [1], "schema_version": 7,
    "event_id": "00000000-0000-0000-0000-00000000000A", "headers": {"h": 1}}, {"type": "c", "data": null, "headers": null, "event_id": null, "schema_version": null}]') $$,
  $$ values (1, 2::bigint, true), (2, 3, true), (3, 4, true) $$, 'a row for each, in order');
select results_eq($$ select type, schema_version, event_id, headers, data from jobs.read_stream('order-1', 2) $$,
  $$ values ('a', 1, null::uuid, null::jsonb, '{}'::jsonb), ('b', 7, '00000000-0000-0000-0000-00000000000a', '{"h": 1}', '[1]'), ('c', 1, null, null, 'null') $$,
  'each as it was given, or by default');
select is((select array_agg(pos order by version) from jobs.stream_event where stream = 'order-1'), (select array_agg(pos order by pos) from jobs.stream_event where stream = 'order-1'),
  'positions ascend with versions');
select is((select count(distinct at) from jobs.read_stream('order-1', 2)), 1::bigint, 'they are of one time');
select is((select array_agg(e.pos) from jobs.append_events('order-2', '[{"type": "a"}, {"type": "b"}]') as a, lateral (select a.pos) as e) is not null, true, 'a stream may begin with a list');
select is((select array_agg(version) from jobs.read_stream('order-2')), '{1,2}', 'from version 1');
select is((select array_agg(a.version) from jobs.append_events('many-1', (select jsonb_agg(jsonb_build_object('type', 't', 'data', n)) from generate_series(1, 1000) as n)) as a),
  array(select generate_series(1, 1000))::bigint[], 'a list may be long');
select is((select count(*) from jobs.read_stream('many-1') where data::int = version), 1000::bigint, 'and keeps its order');

-- each index is named, and nothing is appended
select refuses(format('select jobs.append_events(''order-3'', %L)', list), state, format('%s', coalesce(list, 'null')), message, hint)
from (values
  (null, 'JB002', 'not a JSON array with elements', 'array of objects'),
  ('[]', 'JB002', 'not a JSON array with elements', 'array of objects'),
  ('{"type": "a"}', 'JB002', 'not a JSON array with elements', 'array of objects'),
  ('[{"type": "a"}, 7]', 'JB002', 'no JSON object at index 2', 'array of objects'),
  ('[{"type": "a"}, {"type": "b", "stream": "x-1"}]', 'JB002', 'unknown key ''stream'' at index 2', 'The keys are type, data'),
  ('[{"type": "a"}, {"data": 1}]', 'JB002', 'the type of index 2 is null', '1 to 255'),
  ('[{"type": "a"}, {"type": "job.x"}]', 'JB002', 'the type of index 2 is ''job.x''', 'jobs'' own'),
  ('[{"type": "a"}, {"type": "a", "schema_version": 0}]', 'JB002', 'the schema_version of index 2 is 0', '32767'),
  ('[{"type": "a"}, {"type": "a", "schema_version": "one"}]', 'JB002', 'index 2', 'whole number'),
  ('[{"type": "a"}, {"type": "a", "schema_version": 99999999999}]', 'JB002', 'index 2', 'whole number'),
  ('[{"type": "a"}, {"type": "a", "event_id": "x"}]', 'JB002', 'index 2', 'a UUID'),
  ('[{"type": "a"}, {"type": "a", "headers": [1]}]', 'JB002', 'the headers of index 2 are not', 'traceparent')) as v(list, state, message, hint);
update jobs.setting set max_event_bytes = 3000, max_headers_bytes = 2500;
select refuses($$ select jobs.append_events('order-3', jsonb_build_array('{"type": "a"}'::jsonb, jsonb_build_object('type', 'b', 'data', repeat('x', 5000)))) $$, 'JB003',
  'too large an event', '^event of index 2: too large$', 'max_event_bytes', '^50\d\d bytes as stored, 3000 allowed$');
select refuses($$ select jobs.append_events('order-3', jsonb_build_array('{"type": "a"}'::jsonb, jsonb_build_object('type', 'b', 'headers', jsonb_build_object('h', repeat('x', 3000))))) $$, 'JB003',
  'too large headers', '^headers of index 2: too large$', 'max_headers_bytes', '2500 allowed$');
select refuses($$ select jobs.append_events('job-3', '[{"type": "a"}]') $$, 'JB002', 'a job''s stream', 'a job''s own stream', 'jobs.history');
select is((select count(*) from jobs.read_stream('order-3')), 0::bigint, 'of none of these anything is there');
select * from finish();
