-- The events are in the stream, with contiguous versions, if and when the caller's transaction
-- commits, or none of them: an array of objects with the keys type, data, event_id, headers,
-- schema_version, which mean what they mean to append_event; so do the other arguments. Returns one
-- row per event, in order:
--   ord      its index, from 1
--   pos      its position in the log
--   version  its place in the stream
--   created  false if the same list, by its event ids, was appended before: these are its places
-- SQLSTATEs, locks and writes: as append_event; JB020 also if only some of a list are there.
create or replace function jobs.append_events(
  stream text, events jsonb, expected_version bigint default null, caused_by bigint default null)
returns table (ord int, pos bigint, version bigint, created boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
  _events jobs.new_event[] := jobs._new_events(events);
  _appended record;
begin
  if caused_by is not null then
    _events := array(
      select row(n.type, n.schema_version, n.event_id, jobs._caused_by(caused_by, n.headers),
        n.data)::jobs.new_event
      from unnest(_events) with ordinality as n(type, schema_version, event_id, headers, data, nth)
      order by n.nth);
  end if;
  _appended := jobs._append(stream, _events, expected_version);
  return query
    select p.nth::int, p.pos, e.version, _appended.created
    from unnest(_appended.poss) with ordinality as p(pos, nth)
    cross join lateral (select a.version from jobs.stream_event a where a.pos = p.pos limit 1) as e
    order by p.nth;
end $$;
