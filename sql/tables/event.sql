-- The log: one row per statement's transition of up to 60 jobs, appended in the transaction that
-- makes it.
create table jobs.event (
  pos bigint not null,
  xid xid8 not null,
  at timestamptz not null,
  claim bigint,               -- the claim that made the transition, if one did
  queue_id int not null,
  type jobs.transition not null,
  attempt smallint not null,  -- attempts charged after the transition
  worker uuid,
  ids bigint[] not null,
  data jsonb[]                -- in the order of ids: results, errors, reasons; or null
) partition by range (pos);

-- The other partitions are made like this one, indexes too. The parent has none: a restore of the
-- extension's dump would then make those of the partitions that maintain has made twice, and fail.
create table jobs.event_overflow partition of jobs.event (
  constraint event_pk primary key (pos)
) default;

-- A job's timeline. The ids of one row ascend and lie within 1,024 of one another (blocks, and so
-- claims, are made like that), so that one entry per row finds them: those that begin up to 1,023
-- below the job. GIN would cost 130 bytes of WAL a job more once its list is merged, and every
-- partial index a predicate to prepare per statement.
create index event_by_first_id on jobs.event_overflow ((ids[1]));

create table jobs.event_from_0 (like jobs.event_overflow including all);
alter table jobs.event
attach partition jobs.event_from_0 for values from (minvalue) to (16777216);

-- Where to find the transitions that are rare and that operators ask for: dead, cancelled, failed
-- and the like. A table of its own, so that the common ones do not pay for an index.
create table jobs.rare_event (
  type jobs.transition not null,
  pos bigint not null,
  constraint rare_event_pk primary key (type, pos)
);
