-- A worker process, for people to look at. Nothing depends on it: what recovers a job is its lease.
create table jobs.worker (
  id uuid not null default gen_random_uuid(),
  name text not null,
  queues text[],             -- null: all
  kinds text[],
  routing text[],            -- as claim has it
  info jsonb,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  constraint worker_pk primary key (id),
  constraint worker_name_fits check (octet_length(name) between 1 and 255)
);
