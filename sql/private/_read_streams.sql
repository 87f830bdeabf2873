-- Users' events, as _read. A few types are looked up one by one, so that rare ones are found
-- without walking over the others. Rows are compared whole, since no other index than the one meant
-- has that order: with `type = … order by pos` a plan may walk over all by position.
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
      where (split_part(e.stream, '-', 1), e.pos) > (category collate "C", after_pos)
        and (split_part(e.stream, '-', 1), e.pos) <= (category collate "C", upto_pos)
        and (patterns is null or e.type like any(patterns collate "C"))
      order by split_part(e.stream, '-', 1), e.pos limit max_events;
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
        where (a.type, a.pos) > (t.type, after_pos) and (a.type, a.pos) <= (t.type, upto_pos)
        order by a.type, a.pos limit max_events) as e
      order by e.pos limit max_events;
  else
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where e.pos > after_pos and e.pos <= upto_pos
        and (_types is null or e.type = any(_types))
      order by e.pos limit max_events;
  end if;
end $$;
