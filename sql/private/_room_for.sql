-- How many jobs of this queue and this kind the rooms leave; null: there is no limit.
create or replace function jobs._room_for(rooms jobs.rooms, queue_id int, kind_id int)
returns int
language sql immutable
return least(
  (rooms).queue_rooms[array_position((rooms).queue_ids, queue_id)],
  (rooms).kind_rooms[array_position((rooms).kind_ids, kind_id)]);
