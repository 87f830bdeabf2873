-- The events of one stream by version, a page at a time; no row if there is no such stream.
--   from_version  the first version to read; default the oldest that is there, backwards the newest
--   max_events    1 to 10000, default 1000
--   backwards     newest first, default false
-- It sees what the caller's own transaction has appended. SQLSTATEs: JB002, JB011 if the versions
-- from there on are not all there any more (retention). Writes nothing.
create or replace function jobs.read_stream(
  stream text, from_version bigint default null, max_events int default 1000,
  backwards boolean default false)
returns setof jobs.log_event
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _first bigint;
begin
  perform jobs._check_stream(stream);
  perform jobs._check_max_events(max_events);
  if backwards then
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where e.stream = read_stream.stream collate "C"
        and e.version <= coalesce(from_version, 9223372036854775807)
      order by e.version desc limit max_events;
    return;
  end if;
  if from_version is not null then
    select e.version into _first from jobs.stream_event e
    where e.stream = read_stream.stream collate "C" order by e.version limit 1;
    if from_version < _first and _first > 1 then
      raise exception using
        errcode = 'JB011',
        message = format('the first versions of %s are gone', stream),
        detail = format('asked from version %s, the first that is there is %s', from_version,
          _first),
        hint = format('Read from version %s, or leave from_version out.', _first);
    end if;
  end if;
  return query
    select (jobs._as_log_event(e)).* from jobs.stream_event e
    where e.stream = read_stream.stream collate "C" and e.version >= coalesce(from_version, 0)
    order by e.version limit max_events;
end $$;
