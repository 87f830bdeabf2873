-- A row of list_errors().
create type jobs.error_group as (
  fingerprint text,
  kind text,
  queue text,
  type text,               -- of the newest of them
  message text,            -- without what differs from one to the next
  frame text,
  count bigint,            -- attempts that failed so
  dead bigint,             -- jobs that died of it and are dead now
  first_seen timestamptz,
  last_seen timestamptz,
  job_id bigint,           -- of the newest of them
  cut boolean              -- there are older ones in the window that were not looked at
);
