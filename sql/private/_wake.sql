-- If a worker of the queue sleeps: says so to it, once, when this transaction commits.
create or replace function jobs._wake(queue_id int)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _flag regclass := jobs._idle_flag(queue_id);
begin
  if pg_sequence_last_value(_flag) = 2 then
    perform setval(_flag, 1);
    perform pg_notify('jobs.ready', (select q.name from jobs.queue q where q.id = _wake.queue_id));
  end if;
end $$;
