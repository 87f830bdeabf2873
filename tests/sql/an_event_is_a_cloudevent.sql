\ir lib/setup.sql
select plan(28);
select stop_the_clock();

-- the rules of CloudEvents 1.0.2 and of its JSON format: what of an event is not as they say
create function faults(c jsonb) returns text[] language sql as $$
  select coalesce(array_agg(f order by f), '{}') from (
    select 'no ' || a from unnest('{specversion,id,source,type}'::text[]) as a where coalesce(c ->> a, '') = '' or jsonb_typeof(c -> a) <> 'string'
    union all select 'specversion' where c ->> 'specversion' <> '1.0'
    union all select 'name ' || k from jsonb_object_keys(c) as k where k !~ '^[a-z0-9]+$' and k <> 'data_base64'
    union all select 'value of ' || k from jsonb_each(c) as e(k, v) where k <> 'data' and jsonb_typeof(v) not in ('string', 'boolean') and not (jsonb_typeof(v) = 'number' and v::text ~ '^-?\d{1,10}$')
    union all select 'time' where c ? 'time' and c ->> 'time' !~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$'
    union all select 'subject' where c ? 'subject' and c ->> 'subject' = ''
    union all select 'source' where c ->> 'source' !~ '^[A-Za-z0-9._~:/?#\[\]@!$&''()*+,;=%-]+$'
    union all select 'datacontenttype' where c ->> 'datacontenttype' <> 'application/json') as v(f) $$;
select is(faults('{"specversion": "1.0", "id": "1", "source": "/x", "type": "t"}'), '{}', 'these rules are met by the least there is');
select is(faults('{"specversion": "1", "id": "", "source": 7, "Type": "t", "time": "2030-01-01", "subject": "", "a": {}, "b": null, "c": 1.5}'),
  '{name Type,no id,no source,no type,specversion,subject,time,value of a,value of b,value of c}', 'and not by others');

-- one event, all of it
select jobs.append_event('order-1', 'order.placed', '{"total": 4999}', event_id => '00000000-0000-0000-0000-00000000000A', schema_version => 2,
  headers => '{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "correlation_id": "c", "causation_id": "d", "user": "ann", "urgent": true, "count": 3, "half": 0.5, "list": [1], "none": null, "not-this": 1, "Nor": 1, "n_r": 1}') as first \gset
select is((select jobs.cloudevent(e, 'https://shop.example/orders') from jobs.read_stream('order-1') as e), format('{"specversion": "1.0", "id": "00000000-0000-0000-0000-00000000000a",
  "source": "https://shop.example/orders", "type": "order.placed", "subject": "order-1", "time": "2030-01-01T00:00:00.000000Z", "datacontenttype": "application/json", "data": {"total": 4999},
  "position": "%s", "streamversion": "1", "schemaversion": "2", "correlationid": "c", "causationid": "d", "traceparent": "00-ab-cd-01", "tracestate": "v=1",
  "user": "ann", "urgent": true, "count": "3", "half": "0.5", "list": "[1]"}', :first)::jsonb, 'an event of a user''s');
select is(faults(jobs.cloudevent(e)), '{}', 'as the rules say') from jobs.read_stream('order-1') as e;

-- headers cannot take the place of attributes
select jobs.append_event('order-2', 't', '"data"', headers => '{"id": "x", "specversion": "9", "source": "x", "type": "x", "subject": "x", "time": "x", "data": "x", "datacontenttype": "x/y", "position": "x",
  "streamversion": "x", "schemaversion": "x", "correlationid": "x", "causationid": "x", "data_base64": "x"}') \g /dev/null
select is(jobs.cloudevent(e) - '{position,time,source,id,correlationid,causationid}'::text[], '{"specversion": "1.0", "type": "t", "subject": "order-2", "datacontenttype": "application/json", "data": "data", "streamversion": "1", "schemaversion": "1"}',
  'an attribute is not a header''s') from jobs.read_stream('order-2') as e;
select is(jobs.cloudevent(e) ->> 'id', e.pos::text, 'without an event_id the id is the position') from jobs.read_stream('order-2') as e;
select is(jobs.cloudevent(e) ->> 'source', 'txjobs://' || current_database(), 'the source is the database, by default') from jobs.read_stream('order-2') as e;
select is(faults(jobs.cloudevent(e)), '{}', 'as the rules say') from jobs.read_stream('order-2') as e;

-- odd values of what is copied
select jobs.append_event('order-3', 't', headers => headers::jsonb) from unnest(array['{"correlation_id": {"a": null}, "causation_id": [1]}', '{"correlation_id": 1.5, "causation_id": true}', '{"correlation_id": null, "causation_id": ""}',
  '{"traceparent": null, "tracestate": {"a": 1}}', '{"x": "", "y": {}, "z": 12345678901234567890}', '{}']) as headers \g /dev/null
select is(faults(jobs.cloudevent(e)), '{}', 'headers ' || e.headers::text) from jobs.read_stream('order-3') as e;

-- data is any JSON
select jobs.append_event('order-4', 't', data::jsonb) from unnest(array['null', '7', '"s"', '[1, null]', '{"a": null}']) as data \g /dev/null
select is(jobs.cloudevent(e) -> 'data', e.data, 'data ' || e.data::text) from jobs.read_stream('order-4') as e;

-- times, whatever the session's are
set timezone = 'Asia/Kathmandu';
set datestyle = 'SQL, DMY';
select is(jobs.cloudevent(e) ->> 'time', '2030-01-01T00:00:00.000000Z', 'the time is that of UTC') from jobs.latest('order-1') as e;
reset timezone;
reset datestyle;
select advance('1 hour 2 minutes 3.000456 seconds');
select jobs.append_event('order-1', 't') \g /dev/null
select is(jobs.cloudevent(e) ->> 'time', '2030-01-01T01:02:03.000456Z', 'to the microsecond') from jobs.latest('order-1') as e;

-- jobs' events
select count(*) from jobs.enqueue_many('many', array_fill('{}'::jsonb, array[5]), headers => '{"traceparent": "00-x", "correlation_id": "c"}') \g /dev/null
select jobs.complete_many(array(select token from jobs.claim(max_jobs => 5)), array['1', '2', '3', '4', '5']::jsonb[]) \g /dev/null
select id from jobs.job limit 1 \gset
select is((select jobs.cloudevent(e) - '{position,time,id}'::text[] from jobs.read_all(types => '{job.completed}') as e order by e.stream limit 1), format('{"specversion": "1.0", "source": "txjobs://%s", "type": "job.completed",
  "subject": "job-%s", "datacontenttype": "application/json", "schemaversion": "1", "traceparent": "00-x", "correlationid": "c",
  "data": {"job_id": %s, "kind": "many", "queue": "default", "attempt": 1, "worker": null, "data": 1}}', current_database(), :id, :id)::jsonb, 'a job''s event');
select is((select array_agg(distinct f) from jobs.read_all() as e, unnest(faults(jobs.cloudevent(e))) as f), null, 'all are as the rules say');
select is((select count(*) from jobs.read_all()), (select count(distinct (jobs.cloudevent(e) ->> 'id')) from jobs.read_all() as e), 'each has an id of its own');
select is((select array_agg(jobs.cloudevent(e) ->> 'id' order by e.stream) from jobs.read_all(types => '{job.completed}') as e),
  (select array_agg(e.pos || '/' || substr(e.stream, 5) order by e.stream) from jobs.read_all(types => '{job.completed}') as e), 'that of a job''s event is its position and the job');
select is((select array_agg(jobs.cloudevent(e)) from jobs.read_all() as e), (select array_agg(jobs.cloudevent(e)) from jobs.read_all() as e), 'the same each time');

-- where it comes from
select is(jobs.cloudevent(e, '') ->> 'source', 'txjobs://' || current_database(), 'an empty source is none') from jobs.latest('order-1') as e;
select is(faults(jobs.cloudevent(e, 'urn:shop:1')), '{}', 'a source may be any URI') from jobs.latest('order-1') as e;
select * from finish();
