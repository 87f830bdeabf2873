-- Jobs that belong together, and what is enqueued when the last of them has ended. Who adds to a
-- batch locks its row (key share), who finishes it does too (update): no job comes too late.
create table jobs.batch (
  id bigint not null,
  name text,
  created_at timestamptz not null,
  on_complete jsonb,               -- objects as enqueue_many takes them
  on_success jsonb,
  on_failure jsonb,
  finished_at timestamptz,
  counts jsonb,                    -- of a finished batch: of its jobs, by outcome
  callbacks jsonb,                 -- of a finished batch: the ids of what was enqueued
  constraint batch_pk primary key (id)
);
create index batch_unfinished on jobs.batch (id) where finished_at is null;
create index batch_by_end on jobs.batch (finished_at);

-- A row of list_batches().
create type jobs.batch_listing as (
  id bigint,
  name text,
  state text,                      -- open, running or finished
  jobs bigint,
  pending bigint,
  completed bigint,
  skipped bigint,
  dead bigint,
  cancelled bigint,
  discarded bigint,
  callbacks jsonb,                 -- the ids of the jobs enqueued when it finished, by argument
  created_at timestamptz,
  finished_at timestamptz
);

-- A row of batch_jobs().
create type jobs.batch_job as (
  id bigint,
  kind text,
  state text,
  result jsonb,
  reason text,
  error jsonb,
  at timestamptz                   -- since when it is in its state
);
