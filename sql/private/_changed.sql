-- What of these settings is set to something other than its default, by name.
create or replace function jobs._changed(settings jsonb, defaults jsonb)
returns text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select s.key from jsonb_each(jsonb_strip_nulls(settings)) as s
    where s.value is distinct from defaults -> s.key order by s.key collate "C");
end $$;
