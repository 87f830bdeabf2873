-- The token's job has failed (see fail). Returns what it is now, or null if the token was refused.
create or replace function jobs._fail(
  token bigint, error jsonb, retry_in interval default null, reason text default null,
  charge boolean default true)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _slot bigint := 1::bigint << (token & 63)::int;
  _lease jobs.lease;
begin
  if reason not in ('timeout', 'aborted', 'undecodable', 'rejected') then
    perform jobs._raise_invalid(format('reason is %L', reason),
      'reason is null, timeout, aborted, undecodable or rejected.');
  end if;
  if retry_in not between interval '0' and interval '1000 years' then
    perform jobs._raise_invalid(format('retry_in is %s', retry_in),
      'retry_in is not negative and at most 1000 years.');
  end if;
  _lease := jobs._finish(token >> 6, _slot);
  if _lease.claim is null then
    return null;
  end if;
  return (
    select s.status
    from jobs._settle(_lease, _slot, 'failed', jobs._error(error), retry_in, reason,
      coalesce(charge, true)) as s);
end $$;
