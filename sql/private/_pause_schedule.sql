-- The schedule makes no jobs while it is paused; its times meanwhile are left out. Raises JB004.
create or replace function jobs._pause_schedule(name text, paused boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.schedule;
begin
  select * into _s from jobs.schedule s where s.name = _pause_schedule.name for update;
  if not found then
    perform jobs._raise_not_found('schedule', name);
  end if;
  update jobs.schedule s
  set paused = _pause_schedule.paused,
    next_at = case when s.paused and not _pause_schedule.paused
      then jobs._next_due(_s, jobs.now()) else s.next_at end
  where s.id = _s.id;
end $$;
