\ir lib/setup.sql
select plan(8);

select jobs.create_consumer('c', 'beginning', '{a}') \g /dev/null
select jobs.append_event('s-1', 'other') \g /dev/null
select jobs.append_event('s-1', 'a') as e1 \gset
begin;
select jobs.poll('c') \g /dev/null
select jobs.ack('c', :e1) \g /dev/null
commit;
create function writes_nothing(statement text, description text) returns text language plpgsql as $$
begin
  execute statement;
  return is(pg_current_xact_id_if_assigned(), null, description);
end $$;
select writes_nothing($$select * from jobs.poll('c')$$, 'no events: nothing is written');
begin isolation level repeatable read;
select writes_nothing($$select * from jobs.poll('c')$$, 'nor in REPEATABLE READ');
commit;
select jobs.append_event('s-1', 'other') \g /dev/null
select writes_nothing($$select * from jobs.poll('c')$$, 'events of other types: nothing');
select jobs.append_event('s-1', 'a') \g /dev/null
select max(token) as token from jobs.poll('c') \gset
select writes_nothing($$select * from jobs.poll('c')$$, 'another process has the batch: nothing');
select jobs.nack('c', token => :token, retry_in => '1 hour') \g /dev/null
select writes_nothing($$select * from jobs.poll('c')$$, 'it has failed and waits: nothing');
select writes_nothing($$select * from jobs.list_consumers()$$, 'to look at consumers: nothing');
select is((select count(*) from jobs.consumer_cursor), 1::bigint, 'a cursor is one row, however often it moves');
select is_consistent();
select * from finish();
