-- The jobs of this schedule's times up to now exist, as its policies say; the next time is noted.
-- At most 100 times a call. Returns how many jobs were made.
create or replace function jobs._run_schedule(schedule jobs.schedule)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.schedule := schedule;
  _now timestamptz := jobs.now();
  _late timestamptz := _now - interval '1 min';
  _due timestamptz := schedule.next_at;
  _next timestamptz;
  _skipped text;
  _made int := 0;
begin
  for _nth in 1..100 loop
    exit when _due is null or _due > _now;
    _skipped := null;
    _next := null;
    if _due < _late and _s.catch_up <> 'all' and not jobs._is_queued(_s.id, _due) then
      _next := case _s.catch_up
        when 'skip' then jobs._next_due(_s, _late - interval '1 us')
        else jobs._last_due(_s, _due, _now) end;
      _skipped := case when _next is distinct from _due then 'missed' end;
    end if;
    if _skipped is null and _s.overlap <> 'allow' and jobs._has_not_ended(_s.last_job) then
      _skipped := case _s.overlap when 'skip' then 'overlap' else 'queued' end;
    end if;
    insert into jobs.schedule_run as r (schedule_id, due_at, at, skipped)
    values (_s.id, _due, _now, _skipped)
    on conflict on constraint schedule_run_pk do update
      set at = excluded.at, skipped = excluded.skipped where r.skipped = 'queued';
    if found and _skipped is null then
      _s.last_job := jobs._enqueue_due(_s, _due);
      update jobs.schedule_run r set job_id = _s.last_job
      where (r.schedule_id, r.due_at) = (_s.id, _due);
      _made := _made + 1;
    end if;
    exit when _skipped = 'queued';   -- until the job before has ended
    _due := case when _skipped = 'missed' then _next else jobs._next_due(_s, _due) end;
  end loop;
  update jobs.schedule s set next_at = _due, last_job = _s.last_job, error = null
  where s.id = _s.id
    and (s.next_at, s.last_job, s.error) is distinct from (_due, _s.last_job, null::jsonb);
  delete from jobs.schedule_run r
  where r.schedule_id = _s.id and r.due_at < (
    select o.due_at from jobs.schedule_run o where o.schedule_id = _s.id
    order by o.due_at desc offset 99 limit 1);
  return _made;
end $$;
