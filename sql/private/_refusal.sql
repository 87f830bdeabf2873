-- Why a token was refused: `already_done` if its claim has ended with one of these transitions,
-- else `stale`.
create or replace function jobs._refusal(token bigint, types jobs.transition[])
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _id bigint;
begin
  select e.ids[(token & 63) + 1] into _id from jobs.event e
  where e.pos = token >> 18 and e.claim = token >> 6 and e.type = 'claimed';
  if exists (
      select from jobs._event_of(_id) e where e.claim = token >> 6 and e.type = any(types)) then
    return 'already_done';
  end if;
  return 'stale';
end $$;
