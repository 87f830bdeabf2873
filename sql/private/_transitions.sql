-- The transitions of jobs that such a reader reads: their types are job. and the transition.
create or replace function jobs._transitions(
  patterns text[], category text, job_events boolean)
returns jobs.transition[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if job_events is false or category <> 'job' then
    return '{}'::jobs.transition[];
  end if;
  return array(
    select t from unnest(enum_range(null::jobs.transition)) as t
    where patterns is null or 'job.' || t::text like any(patterns collate "C"));
end $$;
