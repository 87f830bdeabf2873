-- A job of the schedule exists now, besides those of its times; its id. Also of one that is paused
-- or over. SQLSTATE JB004 no such schedule. Locks and writes: as enqueue; the schedule.
create or replace function jobs.run_schedule(name text)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _schedule jobs.schedule;
begin
  select * into _schedule from jobs.schedule s where s.name = run_schedule.name for update;
  if not found then
    perform jobs._raise_not_found('schedule', name);
  end if;
  _schedule.jitter := null;
  _schedule.last_job := jobs._enqueue_due(_schedule, jobs.now());
  update jobs.schedule s set last_job = _schedule.last_job where s.id = _schedule.id;
  return _schedule.last_job;
end $$;
