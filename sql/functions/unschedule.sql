-- The schedule and its history are gone; jobs that it has made stay. Returns whether there was one.
-- Locks and writes: schedule, schedule_run.
create or replace function jobs.unschedule(name text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _id int;
begin
  delete from jobs.schedule s where s.name = unschedule.name returning s.id into _id;
  delete from jobs.schedule_run r where r.schedule_id = _id;
  return _id is not null;
end $$;
