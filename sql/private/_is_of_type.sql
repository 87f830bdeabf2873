-- Whether the value is of this type, or of one of these.
create or replace function jobs._is_of_type(value jsonb, types jsonb)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return types ? jsonb_typeof(value)
    or types ? 'integer' and case when jsonb_typeof(value) = 'number'
      then value::numeric = trunc(value::numeric) else false end;
end $$;
