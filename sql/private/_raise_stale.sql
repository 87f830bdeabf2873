-- Raises JB001 for a token that was refused as stale; returns `already_done` otherwise.
create or replace function jobs._raise_stale(token bigint, refusal text)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if refusal = 'stale' then
    raise exception using
      errcode = 'JB001',
      message = format('stale claim: token %s no longer holds its job',
      coalesce(token::text, 'null')),
      detail = 'Its lease ended and was reset, or another outcome was accepted.',
      hint = 'Roll back: the job runs again, or ran elsewhere. Renew leases with jobs.heartbeat.';
  end if;
  return refusal;
end $$;
