-- The value that a setting has after configure_*: null if it is named in reset, else the value
-- given, else what it was.
create or replace function jobs._set(name text, reset text[], value anyelement, old anyelement)
returns anyelement
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when name = any(reset) then null else coalesce(value, old) end;
end $$;
