-- Is the job's queue paused?
create or replace function jobs._gate_queue(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text := (select a.name from jobs.queue a where a.id = job.queue_id);
  _pause jobs.pause;
begin
  select * into _pause from jobs.pause p where p.queue_id = job.queue_id order by p.id limit 1;
  return jobs._gate_paused('queue', _name, _pause);
end $$;
