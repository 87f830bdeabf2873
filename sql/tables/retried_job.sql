-- A row of retry_many().
create type jobs.retried_job as (
  id bigint,
  kind text,
  queue text,
  reason text,             -- why it had died, of what and when
  fingerprint text,
  died_at timestamptz,
  run_at timestamptz,      -- when it runs again; null: at once
  args jsonb               -- of a dry run: what they would be
);
