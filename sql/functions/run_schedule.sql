-- A job of the schedule exists now, besides those of its times; its id. Also of one that is paused
-- or over. Unless the schedule's last job has not ended, it is its last job now, for which overlap
-- waits. SQLSTATE JB004 no such schedule. Locks and writes: as enqueue; the schedule.
create or replace function jobs.run_schedule(name text)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _schedule jobs.schedule;
  _id bigint;
begin
  select * into _schedule from jobs.schedule s where s.name = run_schedule.name for update;
  if not found then
    perform jobs._raise_not_found('schedule', name);
  end if;
  _schedule.jitter := null;
  _id := jobs._enqueue_due(_schedule, jobs.now());
  update jobs.schedule s set last_job = _id
  where s.id = _schedule.id and not jobs._has_not_ended(_schedule.last_job);
  return _id;
end $$;
