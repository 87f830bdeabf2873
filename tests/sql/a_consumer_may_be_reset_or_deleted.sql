\ir lib/setup.sql
select plan(29);
select stop_the_clock();

create function batch() returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll('c') as p $$;
create function leased() returns bigint language sql as $$ select max(p.token) from jobs.poll('c') as p $$;
select array_agg(jobs.append_event('s-1', 'a')) as e from generate_series(1, 4) \gset
select e[1] as e1, e[2] as e2, e[4] as e4 from (select :'e'::bigint[]) as r(e) \gset
select jobs.create_consumer('c', 'now', '{a}') \g /dev/null
select is(jobs.reset_consumer('c', 'beginning'), 0::bigint, 'back to the beginning');
select is(batch(), :'e'::bigint[], 'it reads everything again');
select is(jobs.reset_consumer('c', :e2), :e2::bigint, 'to a position, though a batch is out');
select is(batch(), (:'e'::bigint[])[3:], 'it reads what comes after');
select is(jobs.reset_consumer('c', 'now'), (select last_value from jobs.pos_seq), 'forwards to now');
select is(batch(), '{}', 'it reads nothing');
select jobs.append_event('s-1', 'a') as e5 \gset
select is(batch(), array[:e5]::bigint[], 'but what comes');

-- what a reset ends
select jobs.reset_consumer('c', 'beginning') \g /dev/null
select leased() as token \gset
select jobs.ack('c', :e2, :token) \g /dev/null
select jobs.reset_consumer('c', :e1) \g /dev/null
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e4, :token), 'JB001', 'a batch that was out is stale', 'stale batch', 'Roll back', 'reset');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e2, :token), 'JB001', 'also what was acknowledged of it', 'stale batch', 'Roll back', 'reset');
select refuses(format($$select jobs.nack('c', token => %s)$$, :token), 'JB001', 'or would have failed', 'stale batch', 'Roll back', 'reset');
select jobs.nack('c', '"e"', '1 hour') \g /dev/null
select jobs.reset_consumer('c', :e1) \g /dev/null
select is((select (failures, error, retry_at, stuck)::text from jobs.list_consumers('c')), '(0,,,f)', 'failures are forgotten');
select cardinality(batch()) as left_over \gset
select is(:left_over, 4, 'it goes on at once');
begin;
select jobs.reset_consumer('c', 'beginning') \g /dev/null
select batch() \g /dev/null
select jobs.reset_consumer('c', 'now') \g /dev/null
select refuses(format($$select jobs.ack('c', %s)$$, :e4), 'JB001', 'a batch of the same transaction, too', 'no batch', 'Poll');
rollback;
select is((select pos from jobs.list_consumers('c')), :e1::bigint, 'a reset that is rolled back was none');

select refuses($$select jobs.reset_consumer('none', 'now')$$, 'JB004', 'a consumer that there is not', 'no consumer none', 'create_consumer');
select refuses($$select jobs.reset_consumer('c', 'back')$$, 'JB002', 'a position that is none', '''back''', 'now, beginning, or a position');
select refuses($$select jobs.reset_consumer('c', null::text)$$, 'JB002', 'none', 'null', 'now, beginning, or a position');
select refuses($$select jobs.reset_consumer('c', -1)$$, 'JB002', 'a negative one', '-1', 'now, beginning, or a position');
select refuses($$select jobs.reset_consumer('c', 1000000)$$, 'JB011', 'one ahead of the log', 'ahead', 'Restart at', 'last position');
select is((select pos from jobs.list_consumers('c')), :e1::bigint, 'what is refused moves nothing');

-- deleted
select jobs.reset_consumer('c', 'beginning') \g /dev/null
select leased() as token \gset
select is(jobs.delete_consumer('c'), true, 'a consumer that was there is gone');
select is(jobs.delete_consumer('c'), false, 'once');
select is(jobs.delete_consumer(null), false, 'none is none');
select is((select count(*) from jobs.consumer_cursor), 0::bigint, 'its position is gone with it');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e4, :token), 'JB004', 'its batch cannot be acknowledged', 'no consumer c', 'create_consumer');
select refuses($$select * from jobs.poll('c')$$, 'JB004', 'nor is there another one', 'no consumer c', 'create_consumer');
select is(jobs.create_consumer('c', 'beginning', '{a}'), 'created', 'made again it begins anew');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e4, :token), 'JB001', 'and knows nothing of a batch of before', 'stale batch', 'Roll back');
select is_consistent();
select * from finish();
