\ir lib/setup.sql
select plan(30);
select stop_the_clock();
create function versions(stream text) returns bigint[] language sql as $$
  select coalesce(array_agg(e.version order by e.pos), '{}') from jobs.read_stream(versions.stream) as e $$;

-- the first event makes the stream
select jobs.append_event('order-1', 'order.placed', '{"total": 4999}') as first \gset
select is((select to_jsonb(e) from jobs.read_stream('order-1') as e), jsonb_build_object('pos', :first, 'at', '2030-01-01T00:00:00+00:00',
  'stream', 'order-1', 'version', 1, 'type', 'order.placed', 'schema_version', 1, 'event_id', null, 'headers', null, 'data', '{"total": 4999}'::jsonb),
  'an event is what was appended, at its stream''s version 1');
select jobs.append_event('order-1', 'order.paid', '[1, null]', event_id => '00000000-0000-0000-0000-00000000000a',
  headers => '{"traceparent": "00-ab"}', schema_version => 3) as second \gset
select is((select (type, schema_version, event_id, headers, data)::text from jobs.read_stream('order-1', 2)),
  '(order.paid,3,00000000-0000-0000-0000-00000000000a,"{""traceparent"": ""00-ab""}","[1, null]")', 'with all that it was given');
select cmp_ok(:second, '>', :first, 'positions ascend');
select jobs.append_event('order-2', 'order.placed') \g /dev/null
select is((select data from jobs.read_stream('order-2')), '{}', 'data is {} by default');
select is(jobs.append_event('order-2', 'order.noted', 'null') > 0, true, 'data may be the JSON value null');
select is((select data from jobs.read_stream('order-2', 2)), 'null', 'and is returned as that');

-- versions: one after the other, each stream by itself
select jobs.append_event('order-' || 3 + n % 3, 'n', to_jsonb(n)) from generate_series(1, 30) as n \g /dev/null
select is(versions('order-' || i), array(select generate_series(1, 10))::bigint[], 'stream ' || i || ': versions are contiguous from 1') from generate_series(3, 5) as i;

-- the caller's transaction
begin;
select jobs.append_event('order-7', 'order.placed') \g /dev/null
select jobs.append_event('order-1', 'order.shipped') \g /dev/null
rollback;
select is(versions('order-7'), '{}', 'a rolled back append leaves no stream');
select is(versions('order-1'), '{1,2}', 'nor an event');
select is((select count(*) from jobs.read_all(types => '{order.shipped}')), 0::bigint, 'nor anything to read');
select jobs.append_event('order-1', 'order.shipped') \g /dev/null
select is(versions('order-1'), '{1,2,3}', 'and its version goes to the next');

begin;
select jobs.append_event('order-8', 'a') \g /dev/null
savepoint s;
select jobs.append_event('order-8', 'b') \g /dev/null
select jobs.append_events('order-8', '[{"type": "c"}, {"type": "d"}]') \g /dev/null
rollback to s;
select jobs.append_event('order-8', 'e', expected_version => 1) \g /dev/null
savepoint s;
select jobs.append_event('order-8', 'f', expected_version => 2) \g /dev/null
release s;
select array_agg(type order by version)::text as own from jobs.read_stream('order-8') \gset
select count(*) as own_log from jobs.read_all(types => '{a,e,f}') \gset
select type as newest from jobs.latest('order-8') \gset
commit;
select is((select array_agg(type order by version) from jobs.read_stream('order-8')), '{a,e,f}', 'what was rolled back to a savepoint is gone, the rest is there');
select is(versions('order-8'), '{1,2,3}', 'without a gap');
select is(:'own'::text, '{a,e,f}', 'read_stream sees what its own transaction has appended');
select is(:'newest'::text, 'f', 'so does latest');
select is(:own_log, 0, 'read_all does not');
select is((select array_agg(type) from jobs.read_all(types => '{a,e,f}')), '{a,e,f}', 'until that has committed');
select is((select count(distinct xid) from jobs.stream_event where stream = 'order-8'), 1::bigint, 'events carry the transaction that appended them');

-- a refused append leaves nothing, and its transaction can go on from a savepoint
begin;
savepoint s;
\set ON_ERROR_STOP off
select jobs.append_events('order-9', '[{"type": "a"}, {"type": ""}]');
\set ON_ERROR_STOP on
rollback to s;
select jobs.append_event('order-9', 'b') \g /dev/null
commit;
select is((select array_agg(type) from jobs.read_stream('order-9')), '{b}', 'a refused list leaves none of its events');

-- an append whose only effect is a job, an enqueue in a transaction that writes nothing else
select jobs.subscribe('mail', '{mail.*}', kind => 'send') \g /dev/null
begin;
select jobs.append_event('mailbox-1', 'mail.wanted') \g /dev/null
commit;
select is((select array_agg(kind) from jobs.list()), '{send}', 'an append becomes a job');
begin;
select jobs.append_event('mailbox-1', 'mail.wanted') \g /dev/null
rollback;
select is((select count(*) from jobs.list()), 1::bigint, 'which is rolled back with it');
begin;
select jobs.enqueue('alone') as alone \gset
commit;
select is(state(:alone), 'ready', 'an enqueue alone persists');

-- the stream's name
select lives_ok(format('select jobs.append_event(%L, ''t'')', name), 'a stream may be named ' || left(name, 20))
from unnest(array['alone', 'order-', 'order--1', repeat('x', 255), 'Größe-ß', 'jobs-1']) as name;
select * from finish();
