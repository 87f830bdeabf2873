-- Events up to here may be missing from what such a reader reads: they were kept as long as the
-- policy says. 0 if nothing is.
create or replace function jobs._pruned_pos(
  patterns text[], category text, job_events boolean)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(max(c.pruned_pos), 0) from jobs.category c
  where case c.name
    when 'job' then cardinality(jobs._transitions(patterns, category, job_events)) > 0
    else jobs._reads_streams(patterns, category, job_events)
      and (category is null or c.name = category collate "C") end;
end $$;
