-- What explain looks at: where a job is, and what it needs to be claimed.
create type jobs.job_facts as (
  id bigint,
  state text,
  since timestamptz,
  since_pos bigint,
  data jsonb,              -- of the transition that made it so
  options jsonb,
  queue_id int,
  queue text,
  kind_id int,
  kind text,
  priority smallint,
  attempt int,             -- attempts charged
  claims int,              -- in this round of attempts
  flags smallint,
  routing_key text,        -- '': none
  run_at timestamptz,      -- when a scheduled job is due
  ord bigint,              -- of its block in ready
  claim bigint             -- of a running job
);

-- A row of explain(): a condition that a job must pass to be run.
create type jobs.gate as (
  gate text,
  open boolean,            -- it does not hold the job up
  why text,                -- what was seen
  remedy text,             -- null if it is open
  detail jsonb             -- the same in figures
);
