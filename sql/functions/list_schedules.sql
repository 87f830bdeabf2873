-- Schedules by name. Writes nothing.
--   schedule  only this one, default all
-- Returns a row each: next_runs are its next five times (none if it is paused or over), last_job
-- and last_state its last job, error why the last time made none. SQLSTATE JB004 no such schedule.
create or replace function jobs.list_schedules(schedule text default null)
returns table (
  name text, cron text, timezone text, kind text, args jsonb, queue text, priority int,
  catch_up text, overlap text, jitter interval, starts_at timestamptz, ends_at timestamptz,
  paused boolean, next_runs timestamptz[], last_job bigint, last_state text, error jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
  if schedule is not null
    and not exists (select from jobs.schedule s where s.name = list_schedules.schedule) then
    perform jobs._raise_not_found('schedule', schedule);
  end if;
  return query
    select s.name, s.cron, s.timezone, s.kind, s.args, s.queue, s.priority, s.catch_up, s.overlap,
      s.jitter, s.starts_at, s.ends_at, s.paused,
      jobs._next_runs(s, 5), s.last_job,
      (select j.state from jobs.job_state j where j.id = s.last_job), s.error
    from jobs.schedule s
    where list_schedules.schedule is null or s.name = list_schedules.schedule
    order by s.name;
end $$;
