\ir lib/setup.sql
select plan(32);
select stop_the_clock();

create function place() returns bigint language sql as $$ select pos from jobs.list_consumers('c') $$;
create function poll(max_events int default 100) returns bigint language sql as $$
  select max(p.token) from jobs.poll('c', poll.max_events) as p $$;
create function next_events(max_events int default 100) returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll('c', next_events.max_events) as p $$;
select array_agg(jobs.append_event('s-1', 'a')) as e from generate_series(1, 9) \gset
select e[1] as e1, e[2] as e2, e[3] as e3, e[4] as e4, e[5] as e5, e[6] as e6, e[9] as e9 from (select :'e'::bigint[]) as r(e) \gset
select jobs.create_consumer('c', 'beginning', '{a}') \g /dev/null
select refuses($$select jobs.ack('c', 1)$$, 'JB001', 'without a batch there is nothing to acknowledge', 'no batch of consumer c', 'one transaction, or pass the token');
select refuses($$select jobs.ack('c', 1, 77)$$, 'JB001', 'nor with a token that nobody was given', 'token 77', 'Roll back', 'another process');

select poll(5) as token \gset
select refuses(format($$select jobs.ack('c', %s)$$, :e5), 'JB001', 'in another transaction than the poll''s the token is needed', 'no batch of consumer c', 'pass the token');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e5, :token + 1), 'JB001', 'and must be the one', 'stale batch', 'Roll back');
select refuses(format($$select jobs.ack('c', null, %s)$$, :token), 'JB002', 'a position must be given', 'pos is null', 'last event');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e6, :token), 'JB005', 'what was not polled is not acknowledged', 'cannot be at position', 'reset_consumer', 'it is at 0, and was given events up to ' || :e5);
select refuses(format($$select jobs.ack('c', 0, %s)$$, :token), 'JB005', 'nor where it stands', 'cannot be at position 0', 'forwards');
select refuses(format($$select jobs.ack('c', -5, %s)$$, :token), 'JB005', 'nor before the log', 'cannot be at position -5', 'forwards');
select refuses($$select jobs.ack('none', 1)$$, 'JB004', 'nor for a consumer that there is not', 'no consumer none', 'create_consumer');
select is(place(), 0::bigint, 'nothing has moved it');

-- a part of the batch
select is(jobs.ack('c', :e2, :token), :e2::bigint, 'a part of a batch may be acknowledged');
select is(place(), :e2::bigint, 'the consumer stands there');
select is(next_events(), '{}', 'the rest of the batch is still out');
select is(jobs.ack('c', :e2, :token), :e2::bigint, 'the same again is done already');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e1, :token), 'JB005', 'it never goes backwards', 'cannot be at', 'forwards', 'it is at ' || :e2);
select is(jobs.ack('c', :e4, :token), :e4::bigint, 'the next part');
select is(jobs.ack('c', :e5, :token), :e5::bigint, 'and its last event, which ends the batch');
select is(jobs.ack('c', :e5, :token), :e5::bigint, 'again: an answer that was lost is no error');
select is((select leased_until from jobs.list_consumers('c')), null, 'no batch is out');
select is(next_events(2), array[:e6, :e6 + 1]::bigint[], 'the next one goes on after it');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e5, :token), 'JB001', 'then the old token is stale', 'stale batch', 'Roll back');

-- a part, whose lease then ends
select advance('31 s');
select poll() as token \gset
select jobs.ack('c', :e6, :token) \g /dev/null
select advance('31 s');
select is(next_events(1), array[:e6 + 1]::bigint[], 'what was not acknowledged when the lease ends is given out again');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e9, :token), 'JB001', 'to others', 'stale batch', 'Roll back');

-- in one transaction
select jobs.reset_consumer('c', 'beginning') \g /dev/null
begin;
select poll(5) as token \gset
select is(jobs.ack('c', :e1), :e1::bigint, 'without a token, where it was polled');
select is(jobs.ack('c', :e2, :token), :e2::bigint, 'or with it');
select is(jobs.ack('c', :e2), :e2::bigint, 'twice');
select refuses(format($$select jobs.ack('c', %s)$$, :e6), 'JB005', 'not past what was polled', 'cannot be at', 'forwards');
select refuses(format($$select jobs.ack('c', %s)$$, :e1), 'JB005', 'nor backwards', 'cannot be at', 'forwards');
commit;
select is(next_events(), (:'e'::bigint[])[3:], 'a part that was acknowledged in its transaction leaves the rest to the next poll at once');
select jobs.reset_consumer('c', 'beginning') \g /dev/null

-- the end of the log: nothing of this consumer lies between, so it need not be looked at again
begin;
select poll() \g /dev/null
select jobs.append_event('s-2', 'b') \g /dev/null
select jobs.ack('c', :e9) \g /dev/null
commit;
select cmp_ok(place(), '>=', :e9::bigint, 'a batch that came to the end of the log takes the consumer there');
select jobs.append_event('s-1', 'a') as later \gset
select is(next_events(), array[:later]::bigint[], 'and no event is lost by it');
select is_consistent();
select * from finish();
