-- The log from after_pos (exclusive) to upto_pos, in order: the first events that match, of at most
-- max_events positions (the jobs of one transition share one). Patterns are those of _patterns.
create or replace function jobs._read(
  after_pos bigint, upto_pos bigint, max_events int, patterns text[], category text,
  job_events boolean)
returns setof jobs.log_event
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_sort = off
as $$
declare
  _transitions jobs.transition[] := jobs._transitions(patterns, category, job_events);
  _of_users boolean := jobs._reads_streams(patterns, category, job_events);
begin
  if not _of_users then
    return query select * from jobs._read_jobs(after_pos, upto_pos, max_events, _transitions);
  elsif _transitions = '{}' then
    return query
      select * from jobs._read_streams(after_pos, upto_pos, max_events, patterns, category);
  else
    return query
      select m.pos, m.at, m.stream, m.version, m.type, m.schema_version, m.event_id, m.headers,
        m.data
      from (
        select b.*, dense_rank() over (order by b.pos) as nth
        from (
          select * from jobs._read_streams(after_pos, upto_pos, max_events, patterns, category)
          union all
          select * from jobs._read_jobs(after_pos, upto_pos, max_events, _transitions)) as b) as m
      where m.nth <= max_events
      order by m.pos;
  end if;
end $$;
