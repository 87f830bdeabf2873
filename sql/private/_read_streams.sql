-- Users' events, as _read. A few types are looked up one by one, so that rare ones are found
-- without walking over the others.
create or replace function jobs._read_streams(
  after_pos bigint, upto_pos bigint, max_events int, patterns text[], category text)
returns setof jobs.log_event
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _types text[] collate "C";
begin
  if category is not null then
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where split_part(e.stream, '-', 1) = _read_streams.category collate "C"
        and e.pos > after_pos and e.pos <= upto_pos
        and (patterns is null or e.type like any(patterns collate "C"))
      order by e.pos limit max_events;
    return;
  end if;
  if patterns is not null then
    _types := jobs._types_like(patterns);
  end if;
  if cardinality(_types) <= 8 then
    return query
      select (jobs._as_log_event(e)).*
      from unnest(_types) as t(type)
      cross join lateral (
        select * from jobs.stream_event a
        where a.type = t.type and a.pos > after_pos and a.pos <= upto_pos
        order by a.pos limit max_events) as e
      order by e.pos limit max_events;
  else
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where e.pos > after_pos and e.pos <= upto_pos
        and (_types is null or e.type = any(_types))
      order by e.pos limit max_events;
  end if;
end $$;
