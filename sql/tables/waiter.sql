-- What waits until jobs have ended: a blocked job (enqueue's depends_on), or a batch, by its own
-- id; both are drawn from pos_seq. Who may be ending the last of those jobs holds its lock (see
-- _end_waits). Gone when a blocked job waits no more; a batch's stays as long as the batch.
create table jobs.waiter (
  id bigint not null,
  ord bigint,                      -- a blocked job's place in scheduled; null: a batch
  run_at timestamptz,              -- before which a blocked job will not run
  on_dependency_failure text,
  constraint waiter_pk primary key (id),
  constraint only_a_job_has_a_place_and_a_policy
    check ((ord is null) = (on_dependency_failure is null))
);
