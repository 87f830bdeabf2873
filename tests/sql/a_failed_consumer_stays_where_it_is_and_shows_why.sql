\ir lib/setup.sql
select plan(34);
select stop_the_clock();

create function batch(max_events int default 100) returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll('c', batch.max_events) as p $$;
create function leased() returns bigint language sql as $$ select max(p.token) from jobs.poll('c') as p $$;
create function delay(at timestamptz) returns interval language sql as $$ select at - jobs.now() $$;
create function shown() returns text language sql as $$
  select pos || ' ' || failures || ' ' || coalesce(failed_pos::text, 'unknown') || ' ' || stuck || ' ' || coalesce(why, '-') from jobs.list_consumers('c') $$;
select jobs.append_event('s-1', 'a') as e1 \gset
select jobs.append_event('s-1', 'a') as e2 \gset
select jobs.append_event('s-1', 'a') as e3 \gset
select jobs.create_consumer('c', 'beginning', '{a}') \g /dev/null

begin;
select batch() \g /dev/null
rollback;
select jobs.nack('c', '{"type": "KeyError", "message": "no total", "traceback": "t"}', pos => :e2) as retry_at \gset
select ok(delay(:'retry_at') between '0.75 s' and '1 s', 'after a failure it waits for about a second');
select is((select retry_at from jobs.list_consumers('c')), :'retry_at'::timestamptz, 'as is shown');
select is(shown(), format('0 1 %s true failed 1 times: no total', :e2), 'it stays where it is, and shows why');
select is((select error from jobs.list_consumers('c')), '{"type": "KeyError", "message": "no total", "traceback": "t"}', 'with the whole error');
select is(batch(), '{}', 'nobody gets a batch');
select jobs.append_event('s-1', 'a') as e4 \gset
select is(batch(), '{}', 'nor by what comes after: it never skips');
select advance('1 s');
select is(batch(1), array[:e1]::bigint[], 'until its time has come');
select is(shown(), format('0 1 %s true failed 1 times: no total', :e2), 'that it has failed is known until it has moved');

-- the delay grows
select jobs.reset_consumer('c', 'beginning') \g /dev/null
create function delays(count int) returns numeric[] language plpgsql as $$
declare
  _delays numeric[] := '{}';
begin
  for _nth in 1..delays.count loop
    _delays := _delays || extract(epoch from delay(jobs.nack('c', '"again"')));
    perform advance('10 min');
  end loop;
  return _delays;
end $$;
select array_agg(d order by nth) as delays from unnest(delays(14)) with ordinality as u(d, nth) \gset
select ok(bool_and(d between 0.75 * least(300, 2 ^ (nth - 1)) and least(300, 2 ^ (nth - 1))), 'the delay doubles with each failure, up to five minutes')
from unnest(:'delays'::numeric[]) with ordinality as u(d, nth);
select cmp_ok((select count(distinct d) from unnest((:'delays'::numeric[])[10:]) as d), '>', 1::bigint, 'not all at the same time');
select is((select (error, failures)::text from jobs.list_consumers('c')), '("{""message"": ""again""}",14)', 'a text is the message');

-- success forgets
select leased() as token \gset
select jobs.ack('c', :e1, :token) \g /dev/null
select is(shown(), format('%s 0 unknown false -', :e1), 'whatever moves it on clears the failures');
select is((select (error, retry_at)::text from jobs.list_consumers('c')), '(,)', 'error and time with them');
select ok(delay(jobs.nack('c', token => :token)) <= '1 s', 'the next failure is the first again');
select is(shown(), format('%s 1 unknown true failed 1 times: no error was given', :e1), 'an error need not be given, nor the event');

-- the retry time may be given
select is(delay(jobs.nack('c', retry_in => '1 hour')), '1 hour', 'a retry time that is given is taken');
select is(delay(jobs.nack('c', retry_in => '0')), '0', 'also if it is now');
select is(batch(2), array[:e2, :e3]::bigint[], 'then it is polled at once');
select refuses($$select jobs.nack('c')$$, 'JB001', 'while another process has a batch, a failure without its token is not this one''s', 'no batch of consumer c', 'token');
select advance('31 s');
select refuses($$select jobs.nack('c', retry_in => '-1 s')$$, 'JB002', 'a retry time is not negative', 'retry_in is -00:00:01', 'between 0 and 20 days');
select refuses($$select jobs.nack('c', retry_in => '21 days')$$, 'JB002', 'nor beyond reason', 'retry_in is 21 days', 'between 0 and 20 days');
select refuses($$select jobs.nack('none')$$, 'JB004', 'nor is there a failure of nobody', 'no consumer none', 'create_consumer');
select refuses($$select jobs.nack('c', token => 77)$$, 'JB001', 'nor with a token that nobody was given', 'token 77', 'Roll back');

-- with leases
select leased() as token \gset
select ok(jobs.nack('c', '"x"', token => :token) > jobs.now(), 'a batch that is out may be given up');
select is((select leased_until from jobs.list_consumers('c')), null, 'then it is not out any more');
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e2, :token), 'JB001', 'nor can it be acknowledged', 'stale batch', 'Roll back');
select refuses(format($$select jobs.nack('c', token => %s)$$, :token), 'JB001', 'or given up again', 'stale batch', 'Roll back');

-- in the transaction of the poll, with what was done before a savepoint
select advance('1 hour');
begin;
select batch() \g /dev/null
select jobs.ack('c', :e2) \g /dev/null
savepoint s;
rollback to s;
select jobs.nack('c', '"the third"', '10 s', :e3) \g /dev/null
commit;
select is(shown(), format('%s 1 %s true failed 1 times: the third', :e2, :e3), 'what was done before the failing event counts');
select is(batch(), '{}', 'the rest waits');
select advance('10 s');
select is(batch(), array[:e3, :e4]::bigint[], 'for its time');

-- another process has done the event by now
select advance('1 min');
select leased() as token \gset
select jobs.ack('c', :e3, :token) \g /dev/null
select jobs.ack('c', :e4, :token) \g /dev/null
select is(jobs.nack('c', '"late"', pos => :e3), null, 'a failure at an event that another process has done since is none');
select is((select failures from jobs.list_consumers('c')), 0, 'and is not counted');

-- an error that is too long
select jobs.nack('c', jsonb_build_object('type', 'E', 'message', repeat('m', 100000), 'traceback', repeat('t', 100000))) \g /dev/null
select cmp_ok(pg_column_size(error), '<=', 9000, 'a long error is cut, not refused') from jobs.list_consumers('c');
select is_consistent();
select * from finish();
