\ir lib/setup.sql
select plan(18);
select stop_the_clock();

create table total (n int);
insert into total values (0);
create function poll(max_events int default 100) returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll('c', poll.max_events) as p $$;
create function place() returns bigint language sql as $$ select pos from jobs.list_consumers('c') $$;
create function append(n int) returns bigint language sql as $$ select jobs.append_event('s-1', 'a', to_jsonb(n)) $$;
select append(1) as e1 \gset
select append(2) as e2 \gset
select append(3) as e3 \gset
select jobs.create_consumer('c', 'beginning', '{a}') \g /dev/null

-- the whole event
select results_eq($$select pos, at, stream, version, type, schema_version, event_id, headers, data from jobs.poll('c')$$,
  $$select pos, at, stream, version, type, schema_version, event_id, headers, data from jobs.read_all(types => '{a}')$$, 'a batch has the events as read_all returns them');
select jobs.reset_consumer('c', 'beginning') \g /dev/null

begin;
select is(poll(2), array[:e1, :e2]::bigint[], 'a batch');
update total set n = n + 3;
select is(jobs.ack('c', :e2), :e2::bigint, 'is applied and acknowledged');
rollback;
select is((place(), (select n from total))::text, '(0,0)', 'rolled back it is neither');
begin;
select poll(2) \g /dev/null
update total set n = n + 3;
select jobs.ack('c', :e2) \g /dev/null
commit;
select is((place(), (select n from total))::text, format('(%s,3)', :e2), 'committed it is both');
begin;
select is(poll(), array[:e3]::bigint[], 'the next batch goes on after it');
select jobs.ack('c', :e3) \g /dev/null
commit;
select is(poll(), '{}', 'until there is no more');

-- several batches in one transaction
select array_agg(append(n)) as more from generate_series(4, 9) as n \gset
begin;
select is(poll(2), (:'more'::bigint[])[1:2], 'a first batch');
select jobs.ack('c', (:'more'::bigint[])[2]) \g /dev/null
select is(poll(2), (:'more'::bigint[])[3:4], 'and a second one in the same transaction');
select is(poll(3), (:'more'::bigint[])[3:5], 'that is polled again');
select jobs.ack('c', (:'more'::bigint[])[5]) \g /dev/null
commit;
select is(place(), (:'more'::bigint[])[5], 'the last one that was acknowledged counts');

-- polled, and not acknowledged
begin;
select is(poll(), (:'more'::bigint[])[6:], 'a batch');
commit;
select is(poll(), '{}', 'that was committed without ack is out until its lease ends');
select is((select leased_until from jobs.list_consumers('c')), jobs.now() + interval '30 s', 'of 30 seconds');
select advance('30 s');
begin;
select is(poll(), (:'more'::bigint[])[6:], 'then it is polled again');
rollback;

-- what was appended in the same transaction comes after its commit
begin;
select poll() \g /dev/null
select jobs.ack('c', (:'more'::bigint[])[6]) \g /dev/null
select append(10) as own \gset
select is(poll(), '{}', 'what the transaction itself appends');
commit;
select is(poll(), array[:own]::bigint[], 'is polled after its commit');
select is_consistent();
select * from finish();
