-- The queue or the kind with this id is paused by whoever has logged in, or by the death of
-- `job_id`. Never waits, and locks nothing; what is paused alike already is left.
create or replace function jobs._pause(
  queue_id int, kind_id int, reason text, job_id bigint default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
  insert into jobs.pause (queue_id, kind_id, at, paused_by, reason, job_id)
  select queue_id, kind_id, jobs.now(), case when job_id is null then session_user end, reason,
    job_id
  where not exists (
    select from jobs.pause p
    where (p.queue_id, p.kind_id) is not distinct from (queue_id, kind_id)
      and case when job_id is null then p.job_id is null and (reason is null or p.reason = reason)
        else p.job_id is not null end);
end $$;
