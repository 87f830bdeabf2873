-- A schedule: a kind that is enqueued at certain times.
create table jobs.schedule (
  id int generated always as identity,
  name text not null,
  cron text not null,
  timezone text not null,
  kind text not null,
  args jsonb not null,
  queue text,
  priority int,
  catch_up text not null,      -- what becomes of times at which nobody ticked
  overlap text not null,       -- what if the job of the time before has not ended
  jitter interval,
  starts_at timestamptz,
  ends_at timestamptz,
  paused boolean not null default false,
  next_at timestamptz,         -- null: never again
  last_job bigint,
  error jsonb,                 -- why the last time made no job, if it failed
  created_at timestamptz not null,
  constraint schedule_pk primary key (id),
  constraint schedule_name_is_unique unique (name),
  constraint schedule_name_fits check (octet_length(name) between 1 and 255),
  constraint catch_up_is_known check (catch_up in ('skip', 'once', 'all')),
  constraint overlap_is_known check (overlap in ('allow', 'skip', 'queue'))
);
create index schedule_by_time on jobs.schedule (next_at) where not paused;

-- What became of a schedule's times: the last hundred of each schedule. Its key is what makes the
-- job of a time exactly one.
create table jobs.schedule_run (
  schedule_id int not null,
  due_at timestamptz not null,
  at timestamptz not null,
  job_id bigint,               -- null: none, since
  skipped text,                -- overlap, missed, queued (not yet)
  constraint schedule_run_pk primary key (schedule_id, due_at)
);
