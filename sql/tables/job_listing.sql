-- A row of list().
create type jobs.job_listing as (
  id bigint,
  kind text,
  queue text,
  state text,
  priority int,
  attempt int,
  run_at timestamptz,      -- when a scheduled job is due
  created_at timestamptz,
  at timestamptz,          -- since when it is in its state
  reason text,
  cursor text              -- pass the last row's as `after` to see the next page
);
