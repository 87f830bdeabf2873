\ir lib/setup.sql
select plan(44);
create function call(arguments text) returns text language sql as $$ select format('select jobs.append_event(%s)', arguments) $$;

select refuses(call(arguments), 'JB002', arguments, message, hint)
from (values
  ($$ null, 't' $$, 'the stream is null', 'category-id'),
  ($$ '', 't' $$, 'the stream is ''''', '1 to 255 bytes'),
  ($$ '-1', 't' $$, 'the stream is ''-1''', 'category-id'),
  ($$ '-', 't' $$, 'the stream is ''-''', 'category-id'),
  ($$ repeat('x', 256), 't' $$, 'the stream is ''x{40}''', '255 bytes'),
  ($$ repeat('ß', 128), 't' $$, 'the stream is', '255 bytes'),
  ($$ 'job', 't' $$, '''job'' is a job''s own stream', 'Name the category otherwise'),
  ($$ 'job-7', 't' $$, '''job-7'' is a job''s own stream', 'jobs.history'),
  ($$ 'order-1', null $$, 'the type is null', '1 to 255'),
  ($$ 'order-1', '' $$, 'the type is ''''', '1 to 255'),
  ($$ 'order-1', repeat('t', 256) $$, 'the type is ''t{40}''', '1 to 255'),
  ($$ 'order-1', 'order.*' $$, 'the type is ''order\.\*''', 'without \*'),
  ($$ 'order-1', 'job.completed' $$, 'the type is ''job.completed''', 'the jobs'' own'),
  ($$ 'order-1', 'job.' $$, 'the type is ''job.''', 'the jobs'' own'),
  ($$ 'order-1', 't', null $$, 'the data is null', 'Leave data out'),
  ($$ 'order-1', 't', expected_version => -1 $$, 'expected_version is -1', 'number of events'),
  ($$ 'order-1', 't', headers => '[]' $$, 'the headers are not a JSON object', 'traceparent'),
  ($$ 'order-1', 't', headers => 'null' $$, 'the headers are not a JSON object', 'traceparent'),
  ($$ 'order-1', 't', headers => '"x"' $$, 'the headers are not a JSON object', 'traceparent'),
  ($$ 'order-1', 't', schema_version => 0 $$, 'the schema_version is 0', 'between 1 and 32767'),
  ($$ 'order-1', 't', schema_version => -1 $$, 'the schema_version is -1', 'between 1 and 32767'),
  ($$ 'order-1', 't', schema_version => 32768 $$, 'the schema_version is 32768', 'between 1 and 32767')) as v(arguments, message, hint);
select refuses(call($$ 'order-1', 't', caused_by => 12345 $$), 'JB004', 'a cause that is not there', 'there is no event 12345', 'pruned');

-- sizes, as stored
select refuses(call($$ 'order-1', 't', to_jsonb(repeat('x', 1048576)) $$), 'JB003', 'data over 1 MiB', '^event: too large$', 'max_event_bytes', '^10485\d\d bytes as stored, 1048576 allowed$');
select refuses(call($$ 'order-1', 't', headers => jsonb_build_object('h', repeat('x', 8192)) $$), 'JB003', 'headers over 8 KiB', '^headers: too large$', 'max_headers_bytes', '^82\d\d bytes as stored, 8192 allowed$');
select lives_ok(call($$ 'order-1', 't', to_jsonb(repeat('x', 1048000)) $$), 'data of nearly 1 MiB');
select lives_ok(call($$ 'order-1', 't', headers => jsonb_build_object('h', repeat('x', 8100)) $$), 'headers of nearly 8 KiB');
update jobs.setting set max_event_bytes = 2000, max_headers_bytes = 2000;
select refuses(call($$ 'order-1', 't', to_jsonb(repeat('x', 2000)) $$), 'JB003', 'the setting counts for data', detail => '2000 allowed');
select refuses(call($$ 'order-1', 't', headers => jsonb_build_object('h', repeat('x', 2000)) $$), 'JB003', 'and for headers', detail => '2000 allowed');
select is((select max(version) from jobs.read_stream('order-1')), 2::bigint, 'what was refused was not appended');

-- what may be
select lives_ok(call(arguments), arguments)
from (values
  ($$ 'jobs-1', 't' $$), ($$ 'joblist', 't' $$), ($$ 'order-1', 'jobs.done' $$), ($$ 'order-1', 'job' $$), ($$ 'order-1', 'a_b%c' $$), ($$ 'order-1', E'a\\b' $$),
  ($$ 'order-1', repeat('t', 255) $$), ($$ 'order-1', 't', headers => '{}' $$), ($$ 'order-1', 't', schema_version => 32767 $$),
  ($$ 'order-1', 't', schema_version => null $$), ($$ 'order-1', 't', '7' $$), ($$ 'order-1', 't', expected_version => 11 $$)) as v(arguments);
select is((select schema_version from jobs.read_stream('order-1', 10, 1)), 1, 'no schema_version is 1');
select is((select count(*) from jobs.read_stream('order-1')), 12::bigint, 'all of them are there');
select * from finish();
