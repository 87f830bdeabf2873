-- A job of this kind is enqueued at each time that the expression fits, from the next one on:
-- exactly one each, however many sessions tick. One that exists is changed.
--   name       1 to 255 bytes
--   cron       see next_run; an interval counts from starts_at, else from when it was first made
--   kind       of the jobs, default the name; args, queue and priority as enqueue has them
--   timezone   whose clock on the wall the fields are read from, default UTC
--   catch_up   what becomes of times at which nobody ticked (they are over a minute old): `skip`
--              them, default; `once`: one job, for the last time up to now; `all`: a job each
--   overlap    if the job of the time before has not ended: `allow` another (default), `skip` this
--              time, or `queue`: it is enqueued when that one has ended, and what became of the
--              times in between is up to catch_up
--   jitter     the job waits a random part of this, default none
--   starts_at, ends_at   no time before or after, default none
-- The jobs' headers have `schedule` and `due_at`. Returns `created`, `changed` or `unchanged`.
-- SQLSTATE JB002, also for an expression that cannot be parsed (DETAIL has the place) or that never
-- fits. Jobs are made by tick and maintain, not by a claim. Locks and writes: the row of schedule.
create or replace function jobs.schedule(
  name text, cron text, kind text default null, args jsonb default '{}', queue text default null,
  priority int default null, timezone text default 'UTC', catch_up text default 'skip',
  overlap text default 'allow', jitter interval default null,
  starts_at timestamptz default null, ends_at timestamptz default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _old jobs.schedule;
  _new jobs.schedule;
begin
  select * into _old from jobs.schedule s where s.name = schedule.name for update;
  _new := _old;
  _new.name := name;
  _new.cron := cron;
  _new.timezone := timezone;
  _new.kind := coalesce(kind, name);
  _new.args := args;
  _new.queue := queue;
  _new.priority := priority;
  _new.catch_up := catch_up;
  _new.overlap := overlap;
  _new.jitter := jitter;
  _new.starts_at := starts_at;
  _new.ends_at := ends_at;
  perform jobs._check_schedule(_new);
  if _old.id is not null and _new is not distinct from _old then
    return 'unchanged';
  end if;
  _new.created_at := coalesce(_old.created_at, jobs.now());
  _new.next_at := case
    when (_new.cron, _new.timezone, _new.starts_at, _new.ends_at)
      is not distinct from (_old.cron, _old.timezone, _old.starts_at, _old.ends_at)
      then _old.next_at
    else jobs._next_due(_new, jobs.now()) end;
  if _old.id is not null then
    update jobs.schedule s
    set cron = _new.cron, timezone = _new.timezone, kind = _new.kind, args = _new.args,
      queue = _new.queue, priority = _new.priority, catch_up = _new.catch_up,
      overlap = _new.overlap, jitter = _new.jitter, starts_at = _new.starts_at,
      ends_at = _new.ends_at, next_at = _new.next_at, error = null
    where s.id = _old.id;
    return 'changed';
  end if;
  insert into jobs.schedule (
    name, cron, timezone, kind, args, queue, priority, catch_up, overlap, jitter, starts_at,
    ends_at, next_at, created_at)
  values (_new.name, _new.cron, _new.timezone, _new.kind, _new.args, _new.queue, _new.priority,
    _new.catch_up, _new.overlap, _new.jitter, _new.starts_at, _new.ends_at, _new.next_at,
    _new.created_at)
  on conflict on constraint schedule_name_is_unique do nothing;
  if not found then   -- made by another transaction meanwhile
    return jobs.schedule(name, cron, kind, args, queue, priority, timezone, catch_up, overlap,
      jitter, starts_at, ends_at);
  end if;
  return 'created';
end $$;
