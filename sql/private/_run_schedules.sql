-- Schedules that are due have their jobs, and their next times; up to 100 of them, each skipped if
-- another session is at it. One that fails keeps why, and is tried again after 10 s; the
-- others do not suffer. Returns how many jobs were made.
-- Locks: the schedules, skipping what is locked. Writes: as enqueue; schedule, schedule_run.
create or replace function jobs._run_schedules()
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _schedule jobs.schedule;
  _now timestamptz := jobs.now();
  _made int := 0;
  _error text;
begin
  for _schedule in
    select * from jobs.schedule s
    where not s.paused and s.next_at <= _now
      and (s.error is null or (s.error ->> 'at')::timestamptz
        not between _now - interval '10 s' and _now)
      and not (s.overlap = 'queue' and jobs._is_queued(s.id, s.next_at)
        and jobs._has_not_ended(s.last_job))
    order by s.next_at limit 100 for update skip locked
  loop
    begin
      _made := _made + jobs._run_schedule(_schedule);
    exception when others then
      get stacked diagnostics _error = message_text;
      update jobs.schedule s
      set error = jsonb_build_object('message', _error, 'at', _now, 'sqlstate', sqlstate)
      where s.id = _schedule.id;
    end;
  end loop;
  return _made;
end $$;
