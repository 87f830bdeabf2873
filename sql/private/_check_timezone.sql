-- Raises JB002 if there is no such time zone.
create or replace function jobs._check_timezone(timezone text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform now() at time zone timezone;
  if timezone is null then
    perform jobs._raise_invalid('timezone is null', 'For example Europe/Rome, or UTC.');
  end if;
exception when invalid_parameter_value then
  perform jobs._raise_invalid(format('there is no time zone %L', left(timezone, 60)),
    'Names are those of pg_timezone_names, such as Europe/Rome, or UTC.');
end $$;
