-- Whether there is such a job and it is ready, scheduled, blocked or running.
create or replace function jobs._has_not_ended(id bigint)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from jobs.job_state s
    where s.id = _has_not_ended.id and s.state in ('ready', 'scheduled', 'blocked', 'running'));
end $$;
