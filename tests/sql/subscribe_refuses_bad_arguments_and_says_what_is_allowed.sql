\ir lib/setup.sql
select plan(30);

select jobs.append_event('s-1', 'a') \g /dev/null
select refuses($$select jobs.subscribe(null)$$, 'JB002', 'no name', 'the name null', '255 bytes');
select refuses($$select jobs.subscribe('')$$, 'JB002', 'an empty name', 'the name ''''', '255 bytes');
select refuses($$select jobs.subscribe(repeat('ä', 128))$$, 'JB002', 'a name of 256 bytes', 'the name ', '255 bytes');
select is(jobs.subscribe(repeat('x', 255)), 'created', 'one of 255 is allowed');
select is(jobs.unsubscribe(repeat('x', 255)), true, 'and found again');
select refuses($$select jobs.subscribe('s', kind => '')$$, 'JB002', 'an empty kind', 'the name ''''', '255 bytes');
select refuses($$select jobs.subscribe('s', queue => '')$$, 'JB002', 'an empty queue', 'the name ''''', '255 bytes');
select refuses($$select jobs.subscribe('s', routing_key => '')$$, 'JB002', 'an empty routing key', 'routing_key', 'Leave');
select refuses($$select jobs.subscribe('s', routing_key => repeat('x', 1025))$$, 'JB002', 'a long routing key', 'routing_key', 'Leave');
select refuses($$select jobs.subscribe('s', types => '{}')$$, 'JB002', 'no types', 'types is {}', 'leave them out');
select refuses($$select jobs.subscribe('s', types => '{a,null}')$$, 'JB002', 'a type that is null', 'types is', 'leave them out');
select refuses($$select jobs.subscribe('s', types => '{a,""}')$$, 'JB002', 'a type that is empty', 'types is', 'leave them out');
select refuses($$select jobs.subscribe('s', delay => '-1 s')$$, 'JB002', 'a negative delay', '-00:00:01', 'not negative');
select refuses($$select jobs.subscribe('s', delay => '1001 years')$$, 'JB002', 'a delay beyond reason', '1001 years', 'at most');
select refuses($$select jobs.subscribe('s', from_position => 'soon')$$, 'JB002', 'a position that is none', '''soon''', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => null::text)$$, 'JB002', 'no position', 'null', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => '')$$, 'JB002', 'an empty one', '''''', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => -1)$$, 'JB002', 'a negative one', '-1', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => 1.5)$$, 'JB002', 'one that is not whole', '1.5', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => '99999999999999999999')$$, 'JB002', 'one that is too great', '9999', 'now, beginning, or a position');
select refuses($$select jobs.subscribe('s', from_position => 1000000)$$, 'JB011', 'one ahead of the log', 'ahead', 'Restart at', 'the last position is');
select is_empty($$select * from jobs.list_subscriptions()$$, 'nothing of it has been made');
select is((select generation from jobs.fan_out), 2, 'nor has what appends look at been touched');
select is(jobs.unsubscribe(null), false, 'to end none is to end nothing');
select is(jobs.unsubscribe('none'), false, 'nor one that there is not');
select is((select generation from jobs.fan_out), 2, 'that changes nothing either');
select refuses($$select * from jobs.backfill(max_events => 0)$$, 'JB002', 'a backfill of nothing', 'max_events is 0', 'between 1 and 10000');
select refuses($$select * from jobs.backfill(max_events => 10001)$$, 'JB002', 'or of too much', 'max_events is 10001', 'between 1 and 10000');
select refuses($$select * from jobs.backfill(max_events => null)$$, 'JB002', 'or of null', 'max_events is', 'between 1 and 10000');
select is_consistent();
select * from finish();
