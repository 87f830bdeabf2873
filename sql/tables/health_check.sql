-- A row of health().
create type jobs.health_check as (
  name text,
  status text,      -- ok, warning, critical
  saw text,
  why text,         -- why it matters
  remedy text,      -- null if it is ok
  detail jsonb      -- the same in figures
);
