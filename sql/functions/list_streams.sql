-- Streams by name, a page at a time: stream, version (of its last event), type and at (of that
-- event).
--   category     only its streams, default all
--   after        the last name of the page before, default none
--   max_streams  1 to 1000, default 100
-- SQLSTATE JB002. Writes nothing; one index look-up a stream.
create or replace function jobs.list_streams(
  category text default null, after text default null, max_streams int default 100)
returns table (stream text, version bigint, type text, at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
#variable_conflict use_column
begin
  perform jobs._check_category(category);
  if max_streams not between 1 and 1000 or max_streams is null then
    perform jobs._raise_invalid(
      format('max_streams is %s', max_streams), 'max_streams is between 1 and 1000.');
  end if;
  return query
    with recursive walk as (
      select jobs._next_stream(category, coalesce(list_streams.after, '')) as stream, 1 as nth
      union all
      select jobs._next_stream(category, w.stream), w.nth + 1
      from walk w where w.stream is not null and w.nth < max_streams)
    select w.stream, l.version, l.type, l.at
    from walk w
    cross join lateral (
      select e.version, e.type, e.at from jobs.stream_event e
      where e.stream = w.stream collate "C" order by e.version desc limit 1) as l
    order by w.nth;
end $$;
