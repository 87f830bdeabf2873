-- Whether this queue, or this kind under any of its names, is paused now.
create or replace function jobs._is_paused(queue_id int, kind_id int default null)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from jobs.pause p
    where p.queue_id = _is_paused.queue_id
      or p.kind_id in (
        select other.id from jobs.kind k
        join jobs.kind other on coalesce(k.alias_of, k.name) in (other.name, other.alias_of)
        where k.id = _is_paused.kind_id));
end $$;
