-- It is known until then that the queue has room for just so many jobs. A sequence holds it, so
-- that the rollback of whoever was refused does not undo it: the time in units of 10 ms (40 bits),
-- the room (15 bits), and the part of the queue's id that does not choose the sequence (8 bits):
-- two queues whose ids are 4,096 apart may take each other's note for theirs while it holds.
create or replace function jobs._note_full(queue_id int, room int, until timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if room < 32767 then
    perform setval(jobs._full_note(queue_id),
      ((ceil(extract(epoch from until) * 100)::bigint << 23) | (greatest(room, 0)::bigint << 8))
        | ((queue_id >> 4) & 255));
  end if;
end $$;
