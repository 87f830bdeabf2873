\ir lib/setup.sql
select plan(70);
select stop_the_clock();
create function pruned(n int default 10000) returns text language sql as $$
  select coalesce(string_agg(p.state || ' ' || p.jobs, ', ' order by p.state), '') from jobs.prune(n) as p $$;
create function versions(stream text) returns bigint[] language sql as $$
  select coalesce(array_agg(e.version order by e.version), '{}') from jobs.read_stream(versions.stream) as e $$;
create function horizon(category text) returns bigint language sql as $$ select c.pruned_pos from jobs.category c where c.name = horizon.category $$;
create function last_pos() returns bigint language sql as $$ select last_value from jobs.pos_seq $$;

-- nothing goes without a policy
select jobs.append_event(s, 't') from unnest('{order-1,orders-1,order,keep-1}'::text[]) as s, generate_series(1, 3) \g /dev/null
select advance('100 years');
select is(pruned(), '', 'without a policy events are kept for ever');
select jobs.configure_category('order', keep => '1 day') \g /dev/null
select jobs.configure_category('keep') \g /dev/null
select advance('-100 years');
select advance('1 day');
select is(pruned(), '', 'at the very age they are kept');
select advance('1 second');
select max(pos) as gone from jobs.stream_event where split_part(stream, '-', 1) = 'order' and version < 3 \gset
select is(pruned(), 'event 4', 'beyond it they go');
select is(versions(s), v, s) from (values ('order-1', '{3}'::bigint[]), ('order', '{3}'), ('orders-1', '{1,2,3}'), ('keep-1', '{1,2,3}')) as x(s, v);
select is(pruned(), '', 'the last of a stream stays');
select is(horizon('order'), (:gone)::bigint, 'what is gone is noted');
select is(horizon('orders'), null, 'for this category only');
select is(horizon('keep'), 0::bigint, 'not for one that keeps');
select jobs.append_event('order-1', 't', expected_version => 3) \g /dev/null
select is(versions('order-1'), '{3,4}', 'its version goes on');
select is(pruned(), 'event 1', 'what was the last can go now');
select is(versions('order-1'), '{4}', 'as here');

-- readers
select horizon('order') as horizon, last_pos() as last \gset
select refuses(format('select * from jobs.%s', call), 'JB011', call || ': its next events are gone', format('^events after position %s are gone$', :horizon - 1),
  format('restart at %s; .* allow_gaps', :horizon), format('^pruned up to %s$', :horizon))
from unnest(array[format('read_all(%s)', :horizon - 1), format('read_category(''order'', %s)', :horizon - 1), format('read_all(%s, job_events => false)', :horizon - 1), format('read_all(%s, types => ''{order.*,job.dead}'')', :horizon - 1)]) as call;
select lives_ok(format('select * from jobs.%s', call), call)
from unnest(array[format('read_all(%s)', :horizon), 'read_all()', 'read_category(''order'')', format('read_category(''order'', %s)', :horizon), 'read_category(''orders'', 0)', 'read_category(''keep'', 0)',
  'read_all(0, job_events => true)', 'read_all(0, types => ''{job.*}'')', 'read_all(0, types => ''{job.dead,job.failed}'')', 'read_category(''job'', 0)']) as call;
select is((select array_agg(e.stream || e.version order by e.pos) from jobs.read_category('order') as e), '{order3,order-14}', 'from the beginning is from what is there');
select is((select count(*) from jobs.read_all()), 8::bigint, 'of all categories');
select is((select count(*) from jobs.read_all(:horizon)), (select count(*) from jobs.stream_event where pos > :horizon), 'and from the horizon, what lies after it');
select refuses(format($$ select * from jobs.read_stream('order-1', %s) $$, v), 'JB011', 'from version ' || v, '^the first versions of order-1 are gone$', 'Read from version 4', format('^asked from version %s, the first that is there is 4$', v))
from unnest('{0,1,3}'::int[]) as v;
select is((select array_agg(version) from jobs.read_stream('order-1', 4)), '{4}', 'from the first that is there');
select is((select count(*) from jobs.read_stream('order-1', 3, backwards => true)), 0::bigint, 'backwards it ends before the first');
select is((select version from jobs.list_streams('order', 'order')), 4::bigint, 'the list has its version');

-- streams that go wholly, and what follows
select jobs.configure_category('session', keep => '1 hour', keep_last => false) \g /dev/null
select jobs.append_event('session-1', 't', event_id => ('00000000-0000-0000-0000-00000000000' || n)::uuid) from generate_series(1, 3) as n \g /dev/null
select jobs.save_snapshot('session-1', 2, '{}') \g /dev/null
select advance('30 minutes');
select jobs.append_event('session-2', 't') \g /dev/null
select jobs.save_snapshot('session-2', 1, '{}') \g /dev/null
select advance('31 minutes');
select is(pruned(), 'event 3', 'without keep_last all that is old goes');
select is((select array_agg(stream) from jobs.list_streams('session')), '{session-2}', 'and the stream with it');
select is((select array_agg(stream) from jobs.snapshot where stream like 'session%'), '{session-2}', 'and its snapshot');
select refuses($$ select jobs.append_event('session-1', 't', expected_version => 3) $$, 'JB010', 'its version is 0 again', detail => 'actual 0');
select lives_ok($$ select jobs.append_event('session-1', 't', expected_version => 0, event_id => '00000000-0000-0000-0000-000000000001') $$, 'it begins again, also with ids that are gone');
select is(versions('session-1'), '{1}', 'at 1');
select jobs.configure_category('session', reset => '{keep_last}') \g /dev/null
select advance('2 hours');
select is(pruned(), '', 'reset: keep_last is the default');
select jobs.configure_category('session', keep_last => false) \g /dev/null
select is(pruned(), 'event 2', 'keep stays as it was');
select jobs.configure_category('session', reset => '{keep}') \g /dev/null
select jobs.append_event('session-9', 't') \g /dev/null
select advance('10 years');
select is(pruned(), '', 'then nothing of it goes');
select is(versions('session-9'), '{1}', 'reset: for ever is the default');
select is((select array_agg(name || ' ' || keep_last) from jobs.category where name = 'session'), '{session false}', 'what is not reset stays');

-- in parts, the oldest first
select jobs.configure_category('part', keep => '1 hour', keep_last => false) \g /dev/null
select jobs.append_event('part-' || n % 2, 't') from generate_series(1, 10) as n \g /dev/null
select advance('2 hours');
select is(pruned(4), 'event 4', 'max_jobs bounds it');
select is(versions('part-0') || versions('part-1'), '{3,4,5,3,4,5}', 'the oldest go first');
select is(pruned(0), '', 'none means none');
select is(pruned(4), 'event 4', 'call it until it has nothing to say');
select is(pruned(4), 'event 2', 'a last time');
select is(pruned(), '', 'as now');

-- no hole in a stream, though an event may be older than the one before it
select jobs.configure_category('odd', keep => '1 hour') \g /dev/null
select jobs.append_event('odd-1', 't') from generate_series(1, 2) \g /dev/null
select advance('-30 minutes');
select jobs.append_event('odd-1', 't') from generate_series(1, 2) \g /dev/null
select advance('30 minutes');
select jobs.append_event('odd-1', 't') \g /dev/null
select advance('40 minutes');
select is(pruned(), '', 'an event is kept while one before it is');
select is(versions('odd-1'), '{1,2,3,4,5}', 'so that there is no hole');
select advance('30 minutes');
select is(pruned(), 'event 4', 'they go together');

-- who has yet to read holds it back
select jobs.configure_category('held', keep => '1 hour', keep_last => false) \g /dev/null
select jobs.append_event('held-1', 'a') from generate_series(1, 3) \g /dev/null
select jobs.create_consumer('all', 'now') \g /dev/null
select jobs.create_consumer('others', 'beginning', category => 'orders') \g /dev/null
select jobs.create_consumer('jobs', '0', job_events => true) \g /dev/null
select jobs.append_event('held-1', 'a') from generate_series(1, 3) \g /dev/null
select advance('2 hours');
select is(pruned(), 'event 3', 'a consumer holds back what it has yet to read, those of others do not');
select is(versions('held-1'), '{4,5,6}', 'as here');
begin;
select max(pos) as polled from jobs.poll('all', 2) \gset
select jobs.ack('all', :polled) \g /dev/null
commit;
select is(pruned(), 'event 2', 'what it has acknowledged goes');
select jobs.delete_consumer('all') \g /dev/null
select is(pruned(), 'event 1', 'without the consumer all goes');
select jobs.append_event('held-2', 'a') from generate_series(1, 3) \g /dev/null
select jobs.subscribe('s', '{a}', 'held', from_position => 'now') \g /dev/null
select jobs.pause(subscription => 's') \g /dev/null
select jobs.append_event('held-2', 'a') from generate_series(1, 3) \g /dev/null
select advance('2 hours');
select is(pruned(), 'event 3', 'a paused subscription holds back what it has yet to deliver');
select jobs.resume(subscription => 's') \g /dev/null
select jobs.backfill('s') from generate_series(1, 5) \g /dev/null
select is((select count(*) from jobs.job where args #>> '{event,stream}' = 'held-2'), 3::bigint, 'it gets them');
select is(pruned(), 'event 3', 'then they go');

-- arguments
select refuses(format('select jobs.configure_category(%s)', arguments), 'JB002', arguments, message, hint)
from (values
  ('null', 'the stream is null', 'category-id'), ('''''', 'the stream is ''''', 'category-id'), ('''order-1''', '''order-1'' is not a category', 'before its first hyphen'),
  ('''job''', 'job''s own stream', 'Name the category otherwise'), ('''order'', keep => ''-1 s''', 'keep is -00:00:01', 'not negative'),
  ('''order'', reset => ''{kept}''', 'reset names an unknown setting: {kept}', 'Settings: keep, keep_last')) as v(arguments, message, hint);
select * from finish();
