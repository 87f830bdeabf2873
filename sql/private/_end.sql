-- The token's job has ended with this terminal outcome, for this reason (see skip and discard).
create or replace function jobs._end(token bigint, type jobs.transition, reason text)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _slot bigint := 1::bigint << (token & 63)::int;
  _lease jobs.lease := jobs._finish(token >> 6, _slot);
begin
  if _lease.claim is null then
    return jobs._raise_stale(token, jobs._refusal(token, array[type]));
  end if;
  perform jobs._log(type, _lease.queue_id, _lease.attempt, jobs._pick(_lease.ids, _slot),
    _lease.claim,
    case when reason is not null then
      array[jsonb_build_object('reason', jobs._trim_bytes(reason, 1024, false))] end);
  if _lease.flags & 2 <> 0 then
    perform jobs._ended(jobs._pick(_lease.ids, _slot), type);
  end if;
  return type;
end $$;
