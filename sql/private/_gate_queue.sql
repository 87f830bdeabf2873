-- Is the job's queue paused?
create or replace function jobs._gate_queue(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _q jobs.queue;
begin
  select * into _q from jobs.queue q where q.id = job.queue_id;
  return jobs._gate_paused('queue', _q.name, _q.paused, _q.paused_at, _q.paused_by,
    _q.paused_reason);
end $$;
