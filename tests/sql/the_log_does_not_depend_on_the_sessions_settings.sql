\ir lib/setup.sql
-- The settings are tried in sessions of their own, whose answers are kept in variables.
select jobs.subscribe('mail', '{order.*}', kind => 'mail') \g /dev/null
create schema probe;

-- what the log's verbs give for a stream, without what differs from one to another
create function probe.life(s text) returns jsonb language plpgsql as $$
declare
  _pos bigint := jobs.append_event(s || '-1', 'order.placed', '{"n": 1.50}', 0, gen_random_uuid(), '{"traceparent": "00-x"}');
  _patterns jsonb;
begin
  perform jobs.append_events(s || '-1', '[{"type": "a_b", "data": {"at": "2030-01-02"}}, {"type": "a%b"}, {"type": "axb"}, {"type": "a\\b"}]', 1, _pos);
  perform jobs.save_snapshot(s || '-1', 2, '{"sum": 1e3}', expected_version => 0);
  return jsonb_build_object(
    'stream', (select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(e) operator(pg_catalog.-) '{pos,event_id,stream,at,headers}'::text[]) from jobs.read_stream(s || '-1') as e),
    'newest', (select l.type from jobs.latest(s || '-1', contains => '{}') as l),
    'snapshot', (select l.data from jobs.load_snapshot(s || '-1') as l),
    'iso', (select jobs.cloudevent(l) ->> 'time' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$' from jobs.latest(s || '-1') as l),
    'utc', (select (jobs.cloudevent(l) ->> 'time')::timestamptz = l.at from jobs.latest(s || '-1') as l),
    'recent', (select pg_catalog.abs(extract(epoch from l.at - pg_catalog.clock_timestamp())) < 600 from jobs.latest(s || '-1') as l),
    'listed', (select pg_catalog.count(*) from jobs.list_streams(s)));
end $$;
create function probe.patterns(s text) returns jsonb language sql as $$
  select pg_catalog.jsonb_object_agg(p, (select pg_catalog.jsonb_agg(e.type order by e.version) from jobs.read_category(s, types => array[p]) as e))
  from unnest(array['a_b', 'a%b', $p$a\b$p$, 'a*', '*b', $p$*\*$p$]) as p $$;
select probe.life('plain') as life \gset
select probe.patterns('plain') as patterns \gset

-- a session that is as odd as may be; tables of these names stand in the way of ours
create schema trap;
create table trap.stream_event (pos int);
create table trap.category (name text);
create function trap.now() returns timestamptz language sql as $$ select '1999-01-01'::timestamptz $$;
create function trap.split_part(text, text, int) returns text language sql as $$ select 1 / 0 || 'x' $$;
create function trap.octet_length(text) returns int language sql as $$ select 1 / 0 $$;
\c
set client_min_messages = warning;
create temporary table snapshot (stream text);
create temporary table fan_out (generation text);
set datestyle = 'SQL, DMY';
set timezone = 'Asia/Kathmandu';
set intervalstyle = 'sql_standard';
set bytea_output = 'escape';
set extra_float_digits = -15;
set transform_null_equals = on;
set array_nulls = off;
set enable_indexscan = off;
set escape_string_warning = off;
set search_path = trap, public, pg_catalog;
select probe.life('odd') as odd \gset
select probe.patterns('odd') as odd_patterns \gset
set search_path = '';
select probe.life('bare') as bare \gset
set search_path = pg_temp;
select probe.life('temporary') as temporary \gset
\c
set client_min_messages = warning;
set standard_conforming_strings = off;
set escape_string_warning = off;
set search_path = tap, public;
select probe.patterns('plain') as backslashed \gset
\c
set client_min_messages = warning;
set search_path = tap, public;
select plan(34);
select is(:'patterns'::jsonb, $$ {"a_b": ["a_b"], "a%b": ["a%b"], "a\\b": ["a\\b"], "a*": ["a_b", "a%b", "axb", "a\\b"], "*b": ["a_b", "a%b", "axb", "a\\b"], "*\\*": ["a\\b"]} $$::jsonb,
  'patterns as they are');
select is(:'life'::jsonb - 'stream', '{"newest": "a\\b", "snapshot": {"sum": 1000}, "iso": true, "utc": true, "recent": true, "listed": 1}', 'a life as it is');
select is(:'odd'::jsonb, :'life'::jsonb, 'in a session with odd settings');
select is(:'odd_patterns'::jsonb, :'patterns'::jsonb, 'and patterns');
select is(:'bare'::jsonb, :'life'::jsonb, 'with an empty search_path');
select is(:'temporary'::jsonb, :'life'::jsonb, 'with one of pg_temp alone');
select is(:'backslashed'::jsonb, :'patterns'::jsonb, 'where a backslash escapes');
select is((select count(*) from jobs.job where jobs.get(id) ->> 'kind' = 'mail'), 4::bigint, 'each made its job');

-- a collation that is not the database's, as a column of the caller's may have it
select lives_ok(format('select * from jobs.%s', call), call)
from unnest(array[
  $$append_event('plain-1' collate "POSIX", 'order.x' collate "POSIX")$$,
  $$append_event('plain-2' collate "POSIX", 'order.x', event_id => '00000000-0000-0000-0000-000000000001')$$,
  $$append_event('plain-2' collate "POSIX", 'order.x', event_id => '00000000-0000-0000-0000-000000000001')$$,
  $$append_events('plain-1' collate "POSIX", '[{"type": "a"}, {"type": "b"}]')$$,
  $$read_stream('plain-1' collate "POSIX")$$,
  $$read_stream('plain-1' collate "POSIX", 1)$$,
  $$read_stream('plain-1' collate "POSIX", backwards => true)$$,
  $$read_category('plain' collate "POSIX")$$,
  $$read_category('plain', types => '{a*}'::text[] collate "POSIX")$$,
  $$read_all(types => '{a*}'::text[] collate "POSIX")$$,
  $$latest('plain-1' collate "POSIX")$$,
  $$latest(type => 'a_b' collate "POSIX")$$,
  $$list_streams('plain' collate "POSIX")$$,
  $$list_streams(after => 'a' collate "POSIX")$$,
  $$save_snapshot('plain-1' collate "POSIX", 3, '{}')$$,
  $$load_snapshot('plain-1' collate "POSIX")$$,
  $$configure_category('plain' collate "POSIX", keep => '1 day')$$,
  $$subscribe('other' collate "POSIX", '{a*}'::text[] collate "POSIX", 'plain' collate "POSIX", from_position => 'beginning')$$,
  $$create_consumer('reader' collate "POSIX", 'beginning', '{a*}'::text[] collate "POSIX", 'plain' collate "POSIX")$$,
  $$poll('reader' collate "POSIX")$$,
  $$prune()$$]) as call;
-- one in which upper and lower case are the same, where the server knows such
do $$ begin
  create collation public.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
exception when feature_not_supported or undefined_object then
  create collation public.caseless from "POSIX";
end $$;
select lives_ok(format('select * from jobs.%s', call), call)
from unnest(array[
  $$append_event('plain-1' collate public.caseless, 'order.x' collate public.caseless)$$,
  $$read_category('plain' collate public.caseless, types => '{a*}'::text[] collate public.caseless)$$,
  $$read_all(types => '{a*}'::text[] collate public.caseless)$$,
  $$configure_category('plain' collate public.caseless)$$]) as call;
select is((select count(*) from jobs.read_stream('PLAIN-1' collate public.caseless)), 0::bigint, 'names differ by case all the same');
select * from finish();
