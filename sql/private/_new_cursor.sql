-- A consumer's cursor at this position, with no batch out and no failure. It is known that events
-- up to accepted_pos may be missing.
create or replace function jobs._new_cursor(
  consumer_id int, pos bigint, accepted_pos bigint)
returns jobs.consumer_cursor
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _cursor jobs.consumer_cursor;
begin
  _cursor.consumer_id := consumer_id;
  _cursor.ver := -1;
  _cursor.at := jobs.now();
  _cursor.pos := pos;
  _cursor.accepted_pos := accepted_pos;
  _cursor.failures := 0;
  return _cursor;
end $$;
