\ir lib/setup.sql
select plan(7);

select is(jobs.last_pos(), 0::bigint, 'an empty log has none');
select jobs.append_event('order-1', 'order.placed') as first \gset
select is(jobs.last_pos(), :first::bigint, 'it is that of the last event');
select jobs.enqueue('k') \g /dev/null
select ok(jobs.last_pos() >= (select max(pos) from jobs.read_all()), 'a job''s events count too');

select jobs.last_pos() as before \gset
begin;
select jobs.append_event('order-2', 'order.placed') \g /dev/null
select jobs.tick() \g /dev/null
select ok(jobs.last_pos() < (select max(pos) from jobs.stream_event), 'what is open can not be read yet');
rollback;
select is(jobs.last_pos() > :before, true, 'what was rolled back holds nobody up');
select jobs.last_pos() as before \gset
select jobs.append_event('order-3', 'order.placed') \g /dev/null
select is((select array_agg(stream) from jobs.read_all(:before)), '{order-3}', 'who begins there reads what is new');

begin read only;
select jobs.last_pos() \g /dev/null
commit;
select pass('it runs in a read-only transaction');
select * from finish();
