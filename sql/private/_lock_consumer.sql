-- The consumer's row is the caller's until the end of its transaction; its cursor is returned.
-- Waits for a batch that is being handled in an open transaction. Raises JB004.
create or replace function jobs._lock_consumer(name text)
returns jobs.consumer_cursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _id int;
  _cursor jobs.consumer_cursor;
begin
  select c.id into _id from jobs.consumer c where c.name = _lock_consumer.name for update;
  if not found then
    perform jobs._raise_not_found('consumer', name);
  end if;
  select * into _cursor from jobs.consumer_cursor c
  where c.consumer_id = _id order by c.ver desc limit 1;
  return _cursor;
end $$;
