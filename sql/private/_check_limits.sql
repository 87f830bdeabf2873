-- Raises JB002 if one of these limits is out of range; `suffix` is that of their names.
create or replace function jobs._check_limits(
  max_running int, rate double precision, burst int, suffix text default '')
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_running < 1 then
    perform jobs._raise_invalid(format('max_running%s is %s', suffix, max_running),
      'At least one job may run at a time; to stop a queue or a kind, pause it.');
  end if;
  if not (rate >= 0.000001 and rate <= 1000000) then
    perform jobs._raise_invalid(format('rate%s is %s', suffix, rate),
      'The jobs that may start a second are between 0.000001 and 1000000.');
  end if;
  if not (burst between 1 and 1000000) then
    perform jobs._raise_invalid(format('burst%s is %s', suffix, burst),
      'The jobs that may start at once are between 1 and 1000000.');
  end if;
end $$;
