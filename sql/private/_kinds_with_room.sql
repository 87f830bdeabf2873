-- Those of the kinds (null: any) that have no limit, or of which the rooms leave something.
create or replace function jobs._kinds_with_room(kinds int[], rooms jobs.rooms)
returns int[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if array_position(rooms.kind_rooms, 0) is null then
    return kinds;
  end if;
  return array(
    select k.id from jobs.kind k
    where (kinds is null or k.id = any(kinds))
      and jobs._room_for(rooms, 0, k.id) is distinct from 0);
end $$;
