-- Whether this queue, or this kind, is paused now.
create or replace function jobs._is_paused(queue_id int, kind_id int default null)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from jobs.pause p
    where p.queue_id = _is_paused.queue_id or p.kind_id = _is_paused.kind_id);
end $$;
