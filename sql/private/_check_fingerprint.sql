-- Raises JB002 unless this is null or looks like a fingerprint.
create or replace function jobs._check_fingerprint(fingerprint text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if fingerprint !~ '^[0-9a-f]{16}$' then
    perform jobs._raise_invalid(format('fingerprint is %L', left(fingerprint, 40)),
      'A fingerprint is 16 hexadecimal digits, as jobs.list_errors() has them.');
  end if;
end $$;
