\ir lib/setup.sql
select plan(38);
select jobs.append_event('order-1', 't') \g /dev/null

select refuses('select * from ' || call, 'JB002', call, message, hint)
from (values
  ('jobs.read_all(max_events => 0)', 'max_events is 0', 'between 1 and 10000'),
  ('jobs.read_all(max_events => -1)', 'max_events is -1', 'between 1 and 10000'),
  ('jobs.read_all(max_events => 10001)', 'max_events is 10001', 'between 1 and 10000'),
  ('jobs.read_all(max_events => null)', 'max_events is', 'between 1 and 10000'),
  ('jobs.read_all(types => ''{}'')', 'types is', 'names or patterns'),
  ('jobs.read_all(types => ''{a,null}'')', 'types is {a,NULL}', 'names or patterns'),
  ('jobs.read_all(types => ''{a,""}'')', 'types is', 'names or patterns'),
  ('jobs.read_category(null)', 'category is null', 'jobs.read_all'),
  ('jobs.read_category(''order'', max_events => 0)', 'max_events is 0', 'between 1 and 10000'),
  ('jobs.read_category(''order'', max_events => 10001)', 'max_events is 10001', 'between 1 and 10000'),
  ('jobs.read_category(''order'', types => ''{}'')', 'types is', 'names or patterns'),
  ('jobs.read_stream(null)', 'the stream is null', 'category-id'),
  ('jobs.read_stream('''')', 'the stream is ''''', 'category-id'),
  ('jobs.read_stream(''-1'')', 'the stream is ''-1''', 'category-id'),
  ('jobs.read_stream(''job-7'')', 'job''s own stream', 'jobs.history'),
  ('jobs.read_stream(''order-1'', max_events => 0)', 'max_events is 0', 'between 1 and 10000'),
  ('jobs.read_stream(''order-1'', max_events => 10001)', 'max_events is 10001', 'between 1 and 10000'),
  ('jobs.latest()', 'neither stream nor type', 'one of them, or both'),
  ('jobs.latest(contains => ''{}'')', 'neither stream nor type', 'one of them, or both'),
  ('jobs.read_category(''order-1'')', '''order-1'' is not a category', 'first hyphen'),
  ('jobs.list_streams(''order-1'')', '''order-1'' is not a category', 'first hyphen'),
  ('jobs.list_streams(max_streams => 0)', 'max_streams is 0', 'between 1 and 1000'),
  ('jobs.list_streams(max_streams => 1001)', 'max_streams is 1001', 'between 1 and 1000'),
  ('jobs.list_streams(max_streams => null)', 'max_streams is', 'between 1 and 1000')) as v(call, message, hint);

-- a position that is not in the log: nobody begins anew by mistake
select last_value as last from jobs.pos_seq \gset
select refuses(format('select * from jobs.%s', call), 'JB011', call, 'is ahead of the log', format('another database, or an older backup\? Restart at %s \(''now''\)', :last), format('^the last position is %s$', :last))
from unnest(array[format('read_all(%s)', :last + 1), 'read_all(9223372036854775807)', format('read_category(''order'', %s)', :last + 1), format('read_category(''none'', %s)', :last + 1)]) as call;
select refuses('select * from ' || call, 'JB002', call, 'the position is -1', 'begin at 1') from unnest('{jobs.read_all(-1),"jobs.read_category(''order'', -1)"}'::text[]) as call;
select lives_ok(format('select * from jobs.%s', call), call)
from unnest(array[format('read_all(%s)', :last), 'read_all(0)', 'read_all(null)', format('read_category(''order'', %s)', :last), 'read_stream(''none'')', 'read_stream(''order-1'', 99)',
  'read_stream(''order-1'', -1)', 'read_stream(''order-1'', 99, backwards => true)']) as call;
select * from finish();
