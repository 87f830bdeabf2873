\ir lib/setup.sql
select plan(32);
select stop_the_clock();

create function poll(name text) returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by nth), '{}') from jobs.poll(poll.name, 1000) with ordinality as p(token, pos, at, stream, version, type, schema_version, event_id, headers, data, nth) $$;
select array_agg(jobs.append_event('s-1', 'a')) as events from generate_series(1, 5) \gset
select (:'events'::bigint[])[1] as first, (:'events'::bigint[])[3] as third \gset
select is(jobs.create_consumer('all', 'beginning'), 'created', 'a consumer');
select is(jobs.create_consumer('now', 'now'), 'created', 'that begins now');
select is(jobs.create_consumer('third', :third), 'created', 'or after a position');
select is(jobs.create_consumer('none', 0), 'created', 'even the one before the first');
select is(jobs.create_consumer('word', :'third'), 'created', 'which may be a word');
select jobs.append_event('s-1', 'a') as next \gset
select is(poll('all'), :'events'::bigint[] || :next::bigint, 'from the beginning it reads all that is there');
select is(poll('none'), :'events'::bigint[] || :next::bigint, 'as it does from nothing');
select is(poll('third'), (:'events'::bigint[])[4:] || :next::bigint, 'after a position what comes after it');
select is(poll('word'), (:'events'::bigint[])[4:] || :next::bigint, 'the same');
select is(poll('now'), array[:next]::bigint[], 'from now on what comes');

-- made again
select is(jobs.create_consumer('all', 'now'), 'unchanged', 'the same again does nothing');
select is((select pos from jobs.list_consumers('all')), 0::bigint, 'it keeps its position');
select is(jobs.create_consumer('all', 'nonsense'), 'unchanged', 'which is only looked at when it is new');
select is(jobs.create_consumer('all', 'beginning', '{b.*}', 's', false, 'skip'), 'changed', 'what it reads may be changed');
select results_eq($$select types, category, job_events, unknown_types, pos from jobs.list_consumers('all')$$,
  $$values ('{b.*}'::text[], 's', false, 'skip', 0::bigint)$$, 'and what is done with unknown types, with its position as it was');
select is((select count(*) from jobs.consumer where name = 'all'), 1::bigint, 'it is one consumer');
begin;
select jobs.create_consumer('undone', 'now') \g /dev/null
rollback;
select refuses($$select * from jobs.poll('undone')$$, 'JB004', 'one whose transaction was rolled back is not there', 'no consumer undone', 'create_consumer');

-- errors
select refuses($$select jobs.create_consumer(null, 'now')$$, 'JB002', 'no name', 'the name null', '255 bytes');
select refuses($$select jobs.create_consumer('', 'now')$$, 'JB002', 'an empty name', 'the name ''''', '255 bytes');
select refuses($$select jobs.create_consumer(repeat('x', 256), 'now')$$, 'JB002', 'a long name', 'the name', '255 bytes');
select refuses($$select jobs.create_consumer('x', null::text)$$, 'JB002', 'no position: it is never guessed', 'null', 'now, beginning, or a position');
select refuses($$select jobs.create_consumer('x')$$, '42883', 'nor left out');
select refuses($$select jobs.create_consumer('x', 'soon')$$, 'JB002', 'a position that is none', '''soon''', 'now, beginning, or a position');
select refuses($$select jobs.create_consumer('x', -1)$$, 'JB002', 'a negative one', '-1', 'now, beginning, or a position');
select refuses($$select jobs.create_consumer('x', 1000000)$$, 'JB011', 'one ahead of the log', 'ahead', 'Restart at', 'the last position is');
select refuses($$select jobs.create_consumer('x', 'now', '{}')$$, 'JB002', 'no types', 'types is {}', 'leave them out');
select refuses($$select jobs.create_consumer('x', 'now', '{a,null}')$$, 'JB002', 'a type that is null', 'types is', 'leave them out');
select refuses($$select jobs.create_consumer('x', 'now', unknown_types => 'ignore')$$, 'JB002', 'unknown types are stopped at or skipped', '''ignore''', 'skip it');
select refuses($$select jobs.create_consumer('x', 'now', unknown_types => null)$$, 'JB002', 'and one must say so', 'null', 'skip it');
select is_empty($$select from jobs.consumer where name = 'x'$$, 'nothing of it has been made');
select is((select count(distinct consumer_id) from jobs.consumer_cursor), (select count(*) from jobs.consumer), 'each consumer has its cursor');
select is_consistent();
select * from finish();
