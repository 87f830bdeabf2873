-- Is the job's kind paused?
create or replace function jobs._gate_kind(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text := (
    select coalesce(a.alias_of, a.name) from jobs.kind a where a.id = job.kind_id);
  _pause jobs.pause;
begin
  select * into _pause from jobs.pause p
  where p.kind_id = any(jobs._kind_ids(_name)) order by p.id limit 1;
  return jobs._gate_paused('kind', _name, _pause);
end $$;
