-- The consumer's cursor is this one, in the place of the version that it was read as. The caller
-- holds the consumer's row. Writes: consumer_cursor.
create or replace function jobs._move_cursor(cursor jobs.consumer_cursor)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _old bigint := cursor.ver;
begin
  cursor.ver := nextval('jobs.register_seq');
  insert into jobs.consumer_cursor select (cursor).*;
  delete from jobs.consumer_cursor c
  where c.consumer_id = cursor.consumer_id and c.ver = _old;
end $$;
