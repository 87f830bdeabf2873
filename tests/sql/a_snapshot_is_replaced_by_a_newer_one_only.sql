\ir lib/setup.sql
select plan(41);
select stop_the_clock();
select jobs.append_event('order-1', 't') from generate_series(1, 9) \g /dev/null
create function loaded(stream text default 'order-1', schema_version int default 1) returns jsonb language sql as $$
  select coalesce(jsonb_agg(l.version || coalesce(l.data ->> 's', 'null')), '[]') from jobs.load_snapshot(loaded.stream, loaded.schema_version) as l $$;

select is(loaded(), '[]', 'a stream has no snapshot');
select is(jobs.save_snapshot('order-1', 3, '{"s": "a"}'), true, 'the first is saved');
select is((select to_jsonb(l) from jobs.load_snapshot('order-1') as l), '{"version": 3, "data": {"s": "a"}, "at": "2030-01-01T00:00:00+00:00"}', 'and loaded');
select advance('1 hour');
select is(jobs.save_snapshot('order-1', 5, '{"s": "b"}'), true, 'a newer one takes its place');
select is((select at from jobs.load_snapshot('order-1')), '2030-01-01 01:00:00+00', 'with its time');
select is(jobs.save_snapshot('order-1', 4, '{"s": "c"}'), false, 'an older one does not');
select is(jobs.save_snapshot('order-1', 5, '{"s": "c"}'), false, 'nor one of the same version');
select is(loaded(), '["5b"]', 'there is one, the newest');
select is(jobs.save_snapshot('order-1', 5, '"c"', 2), true, 'one of a newer schema does');
select is(loaded(), '[]', 'which nobody loads who asks for the old schema');
select is(loaded(schema_version => 2), '["5null"]', 'but who asks for it');
select is(loaded(schema_version => 3), '[]', 'or for another one');
select is(jobs.save_snapshot('order-1', 9, '{"s": "d"}'), false, 'an older schema does not come back, however new its version');
select is(jobs.save_snapshot('order-1', 2, '{"s": "e"}', 3), true, 'a newer schema may have an older version');
select is(loaded(schema_version => 3), '["2e"]', 'and is there');
select is((select count(*) from jobs.snapshot), 1::bigint, 'one row a stream');

-- compare and set
select is(jobs.save_snapshot('order-1', 6, '{"s": "f"}', 3, expected_version => 2), true, 'in the place of the one that is expected');
select refuses(format($$ select jobs.save_snapshot('order-1', 7, '{}', 3, expected_version => %s) $$, v), 'JB010', 'another one is there than ' || v, 'order-1 \(snapshot\)', 'Another writer',
  format('^expected %s, actual 6$', v)) from unnest('{0,2,5,7}'::int[]) as v;
select is(jobs.save_snapshot('order-1', 6, '{}', 3, expected_version => 6), false, 'the same version again is not written');
select is(jobs.save_snapshot('order-1', 5, '{}', 3, expected_version => 6), false, 'nor an older one');
select is(loaded(schema_version => 3), '["6f"]', 'nothing has changed');
select jobs.append_event('order-2', 't') \g /dev/null
select refuses($$ select jobs.save_snapshot('order-2', 1, '{}', expected_version => 1) $$, 'JB010', 'one is expected, none is there', detail => '^expected 1, actual 0$');
select is(jobs.save_snapshot('order-2', 1, 'null', expected_version => 0), true, 'none is expected');
select is(loaded('order-2'), '["1null"]', 'data may be any JSON');
select is(loaded('order-1', 3), '["6f"]', 'other streams have their own');
select jobs.append_event('order-3', 't') \g /dev/null
select is(jobs.save_snapshot('order-3', 1, '{"s": "g"}', schema_version => null), true, 'no schema_version is 1');
select is(loaded('order-3'), '["1g"]', 'as it is where it is loaded');
begin;
select jobs.append_event('order-4', 't') \g /dev/null
select jobs.save_snapshot('order-4', 1, '{}') \g /dev/null
rollback;
select is(loaded('order-4'), '[]', 'a snapshot is of the caller''s transaction');

-- refused
select refuses(format('select jobs.save_snapshot(%s)', arguments), 'JB005', arguments, message, 'Save the version of the last event', detail)
from (values
  ($$ 'order-1', 10, '{}' $$, 'stream order-1 has no version 10', 'last version is 9'),
  ($$ 'order-1', 0, '{}' $$, 'no version 0', 'last version is 9'),
  ($$ 'order-1', -1, '{}' $$, 'no version -1', 'last version is 9'),
  ($$ 'order-1', null, '{}' $$, 'no version', 'last version is 9'),
  ($$ 'none', 1, '{}' $$, 'stream none has no version 1', 'last version is 0')) as v(arguments, message, detail);
select refuses($$ select jobs.save_snapshot('order-1', 9, null, 4) $$, 'JB002', 'no data', 'data is null', 'Leave data out');
select refuses(format($$ select jobs.save_snapshot('order-1', 9, '{}', %s) $$, s), 'JB002', 'schema ' || s, 'schema_version is ' || s, '1 and 32767') from unnest('{0,32768}'::int[]) as s;
update jobs.setting set max_event_bytes = 2000;
select refuses($$ select jobs.save_snapshot('order-1', 9, to_jsonb(repeat('x', 3000)), 4) $$, 'JB003', 'too large', 'too large', 'max_event_bytes', '2000 allowed');
select is(loaded('order-1', 3), '["6f"]', 'nothing of that was saved');
select * from finish();
