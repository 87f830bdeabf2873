-- A job's immutable facts, and its `enqueued` event: id is that event's position. At most eight
-- columns, so that the row's null bitmap still fits its header (8 bytes a job); what is rare goes
-- into options. Nothing references it by a foreign key. Partitions are made by maintain and dropped
-- by prune.
create table jobs.job (
  id bigint not null,
  created_at timestamptz not null,
  queue_id int not null,
  kind_id int not null,
  priority smallint not null,
  options jsonb,              -- by the names of enqueue's arguments, durations in seconds; and
                              -- `retried`, if the job ever was
  args jsonb not null
) partition by range (id);

-- Where rows land when nobody called maintain in time: slower to prune, but nothing is lost. The
-- other partitions are made like this one (see event).
create table jobs.job_overflow partition of jobs.job (
  constraint job_pk primary key (id)
) default;

create table jobs.job_from_0 (like jobs.job_overflow including all);
alter table jobs.job attach partition jobs.job_from_0 for values from (minvalue) to (16777216);
