-- What _lock_keys calls a key.
create or replace function jobs._key_name(type jobs.key_type, key text, queue_id int)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return format('%s %s %s', type, queue_id, key);
end $$;
