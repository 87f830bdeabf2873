-- A queue or a kind of which nothing is claimed: one row for an operator's pause, one for a death
-- that paused it. A table of its own, in which a pause is an insert: a death that had to change the
-- row of its queue would wait for it while it holds claims, and two such could wait for each other.
-- It costs a claim nothing: what it asks first is whether there is any row.
create table jobs.pause (
  id bigint generated always as identity,
  queue_id int,
  kind_id int,
  at timestamptz not null,
  paused_by text,           -- the role that asked for it; null: a death did
  reason text,
  job_id bigint,            -- whose death
  constraint pause_pk primary key (id),
  constraint pause_is_of_one_queue_or_kind check (num_nonnulls(queue_id, kind_id) = 1),
  constraint pause_is_by_a_role_or_a_death check (num_nonnulls(paused_by, job_id) = 1)
);
