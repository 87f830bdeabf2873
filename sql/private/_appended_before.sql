-- Where these events were appended when their list came for the first time, in its order; null if
-- none of them was. What tells is event_id. Raises JB020 if one was appended to another stream, or
-- if only some of the list are there.
create or replace function jobs._appended_before(stream text, events jobs.new_event[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _poss bigint[];
  _elsewhere record;
begin
  select array_agg(e.pos order by n.nth) into _poss
  from unnest(events) with ordinality as n(type, schema_version, event_id, headers, data, nth)
  -- one look-up each: a join that was planned while the table was empty would read all of it
  cross join lateral (
    select a.pos from jobs.stream_event a where a.event_id = n.event_id limit 1) as e;
  if _poss is null then
    return null;
  end if;
  select e.* into _elsewhere from jobs.stream_event e
  where e.pos = any(_poss) and e.stream <> _appended_before.stream collate "C" limit 1;
  if found then
    raise exception using
      errcode = 'JB020',
      message = format('event_id %s is already used', _elsewhere.event_id),
      detail = format('by position %s of stream %s', _elsewhere.pos, _elsewhere.stream),
      hint = 'An event_id is unique in the installation: draw a new one for another event.';
  end if;
  if cardinality(_poss) < cardinality(events) then
    raise exception using
      errcode = 'JB020',
      message = format('%s of %s events were appended before', cardinality(_poss),
        cardinality(events)),
      detail = format('at positions %s of stream %s', _poss, stream),
      hint = 'Repeat a list as it was, or append only what is new.';
  end if;
  return _poss;
end $$;
