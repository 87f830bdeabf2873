-- An event as the reading functions return it: one of a user's stream, or a job's transition.
create type jobs.log_event as (
  pos bigint,
  at timestamptz,
  stream text,             -- of a job: job- and its id
  version bigint,          -- its place in its stream, from 1; null for a job's
  type text,               -- of a job: job. and the transition
  schema_version int,
  event_id uuid,
  headers jsonb,
  data jsonb               -- of a job: job_id, kind, queue, attempt, worker, data
);

-- An event that is to be appended.
create type jobs.new_event as (
  type text,
  schema_version int,
  event_id uuid,
  headers jsonb,
  data jsonb
);
