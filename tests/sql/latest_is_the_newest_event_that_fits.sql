\ir lib/setup.sql
select plan(15);
select jobs.append_event('order-1', 'placed', '{"by": "ann", "n": 1, "tags": ["x", "y"]}') as a \gset
select jobs.append_event('order-1', 'paid', '{"by": "ann", "n": 2}') as b \gset
select jobs.append_event('order-2', 'placed', '{"by": "bob", "n": 3, "deep": {"er": 1, "est": 2}}') as c \gset
select jobs.append_event('order-1', 'noted', '"words"') as d \gset
create function pos(stream text default null, type text default null, contains jsonb default null) returns bigint[] language sql as $$
  select coalesce(array_agg(l.pos), '{}') from jobs.latest(pos.stream, pos.type, pos.contains) as l $$;

select is(pos('order-1'), array[:d]::bigint[], 'of a stream');
select is(pos('order-1', 'placed'), array[:a]::bigint[], 'of a stream and a type');
select is(pos(type => 'placed'), array[:c]::bigint[], 'of a type');
select is(pos('order-1', contains => '{"by": "ann"}'), array[:b]::bigint[], 'of a stream, that contains this');
select is(pos('order-1', contains => '{"tags": ["y"]}'), array[:a]::bigint[], 'also within a list');
select is(pos(type => 'placed', contains => '{"by": "ann"}'), array[:a]::bigint[], 'of a type, that contains this');
select is(pos(type => 'placed', contains => '{"deep": {"est": 2}}'), array[:c]::bigint[], 'also deeper');
select is(pos('order-1', 'placed', '{"n": 2}'), '{}', 'all must fit');
select is(pos('order-1', contains => '{}'), array[:b]::bigint[], 'an empty object is in every object, not in a string');
select is(pos('order-1', contains => '"words"'), array[:d]::bigint[], 'a string is in itself');
select is(pos('order-1', 'p%'), '{}', 'a type is a name, not a pattern');
select is(pos('order-_'), '{}', 'so is a stream');
select is(pos('none'), '{}', 'of nothing: no row');
select is(pos(type => 'job.enqueued'), '{}', 'jobs'' events are not looked for');
begin;
select jobs.append_event('order-2', 'placed') as e \gset
select pos(type => 'placed')::text as own \gset
rollback;
select is(:'own'::text, format('{%s}', :e), 'it sees its own transaction''s');
select * from finish();
