-- How much room the queue is known to have (_note_full); null if nothing is known any more.
create or replace function jobs._noted_room(queue_id int)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _note bigint := pg_sequence_last_value(jobs._full_note(queue_id));
  _now bigint := floor(extract(epoch from jobs.now()) * 100);
begin
  -- one from a clock that was set forward, as in a test, holds no more than ten seconds either
  if (_note & 255) = ((queue_id >> 4) & 255)
    and (_note >> 23) > _now and (_note >> 23) <= _now + 1001 then
    return (_note >> 8) & 32767;
  end if;
  return null;
end $$;
