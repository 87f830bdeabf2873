-- Raises JB002: what is wrong in a cron expression, and where.
create or replace function jobs._raise_cron(item text, field text, at int)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'JB002',
    message = format('bad %s in the cron expression: %L', field, left(item, 40)),
    detail = format('at character %s', at),
    hint = 'Five fields, minute hour day month weekday, or six with the second first: *, 5, 1-5, '
      '*/10, 1,15, jan-mar, mon-fri, L (last day), 5L (last Friday), mon#2 (second Monday); or '
      '@daily, @hourly and the like; or an interval such as 15 minutes.';
end $$;
