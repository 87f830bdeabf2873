-- The consumer and its position are gone. Returns whether there was one. Waits for a transaction in
-- which a batch is being handled. Locks and writes: consumer, consumer_cursor.
create or replace function jobs.delete_consumer(name text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _id int;
begin
  delete from jobs.consumer c where c.name = delete_consumer.name returning c.id into _id;
  delete from jobs.consumer_cursor c where c.consumer_id = _id;
  return _id is not null;
end $$;
