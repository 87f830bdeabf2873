-- The values of a cron field, a list of items, as bits. Arguments and errors are those of
-- _cron_values.
create or replace function jobs._cron_field(
  field text, low int, high int, names text[], name text, at int)
returns bigint
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _item text;
  _at int := at;
  _bits bigint := 0;
begin
  foreach _item in array string_to_array(field, ',') loop
    _bits := _bits | jobs._cron_values(_item, low, high, names, name, _at);
    _at := _at + length(_item) + 1;
  end loop;
  return _bits;
end $$;
