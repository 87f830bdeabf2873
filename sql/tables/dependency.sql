-- That a waiter waits for a job. Only the transaction in which the job ends updates the row; no one
-- else's lock may be on it (see _is_free). An open batch waits for itself too.
create table jobs.dependency (
  job bigint not null,
  waiter bigint not null,
  outcome jobs.transition          -- how the job ended; null: it has not
);
create index dependency_by_job on jobs.dependency (job) where outcome is null;
create index dependency_pending on jobs.dependency (waiter, job) where outcome is null;
create index dependency_ended on jobs.dependency (waiter, outcome, job) where outcome is not null;
