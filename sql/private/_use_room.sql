-- The rooms after the block's jobs have been taken.
create or replace function jobs._use_room(rooms jobs.rooms, block jobs.ready)
returns jobs.rooms
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _queue int := array_position(rooms.queue_ids, block.queue_id);
  _kind int := array_position(rooms.kind_ids, block.kind_id);
begin
  if _queue is not null then
    rooms.queue_rooms[_queue] := rooms.queue_rooms[_queue] - cardinality(block.ids);
  end if;
  if _kind is not null then
    rooms.kind_rooms[_kind] := rooms.kind_rooms[_kind] - cardinality(block.ids);
  end if;
  return rooms;
end $$;
