\ir lib/setup.sql
select plan(23);
select stop_the_clock();

create function batch(lease interval default '30 s') returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll('c', 100, batch.lease) as p $$;
create function leased(lease interval default '30 s') returns bigint language sql as $$
  select max(p.token) from jobs.poll('c', 100, leased.lease) as p $$;
create table effect (n int);
select jobs.append_event('s-1', 'a') as e1 \gset
select jobs.append_event('s-1', 'a') as e2 \gset
select jobs.create_consumer('c', 'beginning', '{a}') \g /dev/null

select leased() as first \gset
select is((select leased_until from jobs.list_consumers('c')), jobs.now() + interval '30 s', 'a batch is out for 30 seconds');
select advance('29.999 s');
select is(batch(), '{}', 'so long nobody else gets one');
select advance('0.001 s');
select is((select leased_until from jobs.list_consumers('c')), null, 'then it is not');
select leased() as second \gset
select is((select polled_pos from jobs.consumer_cursor), :e2::bigint, 'the same events are given out again');
select isnt(:second::bigint, :first::bigint, 'with another token');
begin;
insert into effect values (1);
savepoint s;
select refuses(format($$select jobs.ack('c', %s, %s)$$, :e2, :first), 'JB001', 'the late one is refused', 'stale batch', 'Roll back', 'lease ended');
rollback;
select is_empty('select * from effect', 'and what it has written with it');
select refuses(format($$select jobs.nack('c', null, null, null, %s)$$, :first), 'JB001', 'nor does its failure count', 'stale batch', 'Roll back');
select is(jobs.ack('c', :e2, :second), :e2::bigint, 'the second one is accepted');
select jobs.append_event('s-1', 'a') as e3 \gset
select leased('2 min') as third \gset
select advance('119 s');
select is(batch(), '{}', 'a lease may be longer');
select is(jobs.ack('c', :e3, :third), :e3::bigint, 'than the work takes');
select jobs.append_event('s-1', 'a') as e4 \gset
select leased('1 s') as fourth \gset
select advance('1 hour');
select is(jobs.ack('c', :e4, :fourth), :e4::bigint, 'an ack that is late counts if nobody has polled since');
select refuses($$select * from jobs.poll('c', lease => '0.9 s')$$, 'JB002', 'a lease is at least a second', 'lease is', 'between');
select refuses($$select * from jobs.poll('c', lease => '21 days')$$, 'JB002', 'and not for ever', 'lease is', 'between');
select is(batch(null), '{}', 'null is the default');
select refuses($$select * from jobs.poll('c', 0)$$, 'JB002', 'a batch has at least one position', 'max_events is 0', 'between 1 and 10000');
select refuses($$select * from jobs.poll('c', 10001)$$, 'JB002', 'at most ten thousand', 'max_events is 10001', 'between 1 and 10000');
select refuses($$select * from jobs.poll('c', null)$$, 'JB002', 'and is not null', 'max_events is', 'between 1 and 10000');
select refuses($$select * from jobs.poll('none')$$, 'JB004', 'a consumer that there is not', 'no consumer none', 'create_consumer');
select refuses($$select * from jobs.poll(null)$$, 'JB004', 'nor null', 'no consumer null', 'create_consumer');

-- tokens are not to be guessed
create function tokens() returns bigint[] language plpgsql as $$
declare
  _tokens bigint[] := '{}';
begin
  for _nth in 1..50 loop
    perform jobs.reset_consumer('c', 'beginning');
    _tokens := _tokens || leased();
  end loop;
  return _tokens;
end $$;
select is((select count(distinct t) from unnest(tokens()) as t), 50::bigint, 'each batch has a token of its own');
select cmp_ok((select count(distinct t & 4095) from unnest(tokens()) as t), '>', 25::bigint, 'a part of which is random');
select is_consistent();
select * from finish();
