-- Is the job's kind paused?
create or replace function jobs._gate_kind(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _k jobs.kind;
begin
  select * into _k from jobs.kind k where k.id = job.kind_id;
  return jobs._gate_paused('kind', _k.name, _k.paused, _k.paused_at, _k.paused_by,
    _k.paused_reason);
end $$;
