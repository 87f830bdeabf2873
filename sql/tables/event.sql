-- The log: one row per statement's transition of up to 60 jobs, appended in the transaction that makes it.
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
  data jsonb[],               -- by the order of ids: results, errors, reasons; null if there are none
  constraint event_pk primary key (pos)
) partition by range (pos);

-- A job's timeline: events of one job by a btree, events of many by GIN, which is worth its pending
-- list only when one row carries many ids. A query must repeat the condition on cardinality.
create index event_of_one_job on jobs.event ((ids[1])) where cardinality(ids) = 1;
create index event_of_many_jobs on jobs.event using gin (ids) with (gin_pending_list_limit = 512)
where cardinality(ids) > 1;
-- What an operator lists: the outcomes that are rare.
create index event_of_rare_type on jobs.event (type, pos)
where type in ('failed', 'dead', 'cancelled', 'skipped', 'discarded', 'expired', 'retried');

create table jobs.event_from_0 partition of jobs.event for values from (minvalue) to (16777216);
create table jobs.event_from_16777216 partition of jobs.event
for values from (16777216) to (33554432);
create table jobs.event_overflow partition of jobs.event default;
