-- Raises JB002 if a name in reset is not that of a setting.
create or replace function jobs._check_reset(reset text[], settings text[])
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not reset <@ settings then
    perform jobs._raise_invalid(format('reset names an unknown setting: %s', reset),
      'Settings: ' || array_to_string(settings, ', ') || '.');
  end if;
end $$;
