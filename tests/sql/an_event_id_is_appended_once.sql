\ir lib/setup.sql
select plan(29);
create function id(n int) returns uuid language sql as $$ select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid $$;
create function append(stream text, ids int[], expected bigint default null) returns jobs.stream_event[] language plpgsql as $$
declare _poss bigint[];
begin
  select array_agg(a.pos order by a.ord) into _poss from jobs.append_events(append.stream,
    (select jsonb_agg(jsonb_build_object('type', 'n' || coalesce(i, 0)) || case when i is null then '{}' else jsonb_build_object('event_id', id(i)) end order by nth)
    from unnest(ids) with ordinality as u(i, nth)), expected) as a;
  return array(select e from jobs.stream_event e where e.pos = any(_poss) order by array_position(_poss, e.pos));
end $$;
create function events() returns bigint language sql as $$ select count(*) from jobs.stream_event $$;

-- one event
select jobs.append_event('order-1', 'a', '{"n": 1}', event_id => id(1)) as first \gset
select is(jobs.append_event('order-1', 'a', '{"n": 1}', event_id => id(1)), :first::bigint, 'the same again: the position of the first');
select is(jobs.append_event('order-1', 'a', '{"n": 1}', expected_version => 0, event_id => id(1)), :first::bigint, 'also with the version that it expected then');
select is(jobs.append_event('order-1', 'a', '{"n": 1}', expected_version => 17, event_id => id(1)), :first::bigint, 'or another one');
select is(jobs.append_event('order-1', 'b', event_id => id(1)), :first::bigint, 'what tells is the id alone');
select is(events(), 1::bigint, 'there is one event');
select is((select data from jobs.latest('order-1')), '{"n": 1}', 'as it was first');
select cmp_ok(jobs.append_event('order-1', 'a'), '>', :first::bigint, 'without an id each call appends');
select cmp_ok(jobs.append_event('order-1', 'a'), '>', :first::bigint, 'each time');
select refuses($$ select jobs.append_event('order-2', 'a', event_id => id(1)) $$, 'JB020', 'in another stream', 'event_id 0+-0+-0+-0+-0+1 is already used', 'draw a new one',
  format('^by position %s of stream order-1$', :first));
select refuses($$ select jobs.append_event('order-2', 'a', expected_version => 5, event_id => id(1)) $$, 'JB020', 'whatever is expected of that');
select is((select count(*) from jobs.read_stream('order-2')), 0::bigint, 'it does not come into being');

-- in one transaction, and after a rollback
begin;
select jobs.append_event('order-3', 'a', event_id => id(3)) as a, jobs.append_event('order-3', 'a', event_id => id(3)) as b \gset
rollback;
select is(:a, :b, 'a transaction sees its own');
select jobs.append_event('order-4', 'a', event_id => id(3)) as c \gset
select is((select count(*) from jobs.read_stream('order-4')), 1::bigint, 'an id that was rolled back may be used anywhere');

-- lists
select count(*) as before from jobs.stream_event \gset
select cardinality(append('list-1', '{11,12}')) \g /dev/null
select is((select array_agg((a.ord, a.pos = e.pos, a.version, a.created)::text order by a.ord) from jobs.append_events('list-1',
    jsonb_build_array(jsonb_build_object('type', 'n11', 'event_id', id(11)), jsonb_build_object('type', 'n12', 'event_id', id(12)))) as a
  join jobs.stream_event e on e.stream = 'list-1' and e.version = a.ord), '{"(1,t,1,f)","(2,t,2,f)"}', 'a list again: its first places, not created');
select is((append('list-1', '{11,12}', 0))[2].version, 2::bigint, 'also with the version that it expected then');
select is(events() - :before, 2::bigint, 'there are two events');
select refuses($$ select append('list-1', '{11,13}') $$, 'JB020', 'some of a list are there', '^1 of 2 events were appended before$', 'Repeat a list as it was', 'of stream list-1$');
select refuses($$ select append('list-1', '{13,14,12}', 2) $$, 'JB020', 'at its end, with the right version', '^1 of 3 ');
select refuses($$ select append('list-1', array[11, null]) $$, 'JB020', 'with one that has no id', '^1 of 2 ');
select refuses($$ select append('list-2', '{11,12}') $$, 'JB020', 'all of them, in another stream', 'already used', 'draw a new one', 'of stream list-1');
select refuses($$ select append('list-1', '{12,1}') $$, 'JB020', 'one of them in another stream', 'already used', 'draw a new one', 'of stream order-1');
select refuses($$ select append('list-2', '{15,16,15}') $$, 'JB002', 'twice in one list', 'event_id 0+-0+-0+-0+-0+15 is there twice', 'of its own');
select is(events() - :before, 2::bigint, 'nothing of all that was appended');
select is((append('list-1', '{11}'))[1].version, 1::bigint, 'a part of a list is a list');
select is((append('list-1', '{13,14}', 2))[1].version, 3::bigint, 'new ids are appended');
select is((select array_agg(e.version) from unnest(append('list-1', '{12,14}', 2)) as e), '{2,4}', 'what was appended by several calls is there as well');
select is((append('list-1', array[null, null]::int[]))[2].version, 6::bigint, 'events without an id are always new');
select is((select version from unnest(append('list-1', array[null, 20])) where event_id is not null), 8::bigint, 'also beside one that has one');
select is((select array_agg(version order by pos) from jobs.stream_event where stream = 'list-1'), '{1,2,3,4,5,6,7,8}', 'versions are contiguous');
select * from finish();
