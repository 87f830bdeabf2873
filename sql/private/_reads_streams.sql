-- Whether such a reader reads users' events at all.
create or replace function jobs._reads_streams(
  patterns text[], category text, job_events boolean)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return job_events is not true and category is distinct from 'job'
    and exists (
      select from unnest(coalesce(patterns, '{%}')) as p
      where p collate "C" not like 'job.%');
end $$;
