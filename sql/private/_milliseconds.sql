-- An option's duration as stored: milliseconds, 0 for null. JB002 if it is not within [least, 20
-- days].
create or replace function jobs._milliseconds(what text, duration interval, least_ms int)
returns int
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _ms numeric := extract(epoch from duration) * 1000;
begin
  if duration is null then
    return 0;
  end if;
  if _ms not between least_ms and 1728000000 then
    perform jobs._raise_invalid(
      format('%s is %s', what, duration),
      format('%s is between %s and 20 days.', what, least_ms * interval '1 millisecond'));
  end if;
  return _ms;
end $$;
