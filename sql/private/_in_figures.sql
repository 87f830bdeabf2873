-- A number for people: 1,234,567, whatever the session's locale.
create or replace function jobs._in_figures(number bigint)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
begin
  return regexp_replace(number::text, '(\d)(?=(\d{3})+$)', '\1,', 'g');
end $$;
