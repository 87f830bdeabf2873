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
  low bigint,                 -- the least and the greatest of ids; null if there is just one
  high bigint,
  ids bigint[] not null,
  data jsonb[],               -- by the order of ids: results, errors, reasons; null if there are none
  constraint event_pk primary key (pos)
) partition by range (pos);

-- A job's timeline (_event_of has the queries). Ids that are claimed together were mostly enqueued together,
-- so that one btree entry per row, a short range of ids, finds them; only events whose ids lie far
-- apart pay for an entry per id. (GIN for all costs 130 bytes of WAL a job more, once its list is merged.)
create index event_of_one_job on jobs.event ((ids[1])) where low is null;
create index event_of_near_jobs on jobs.event (low, high) where high - low < 4096;
create index event_of_far_jobs on jobs.event using gin (ids) with (gin_pending_list_limit = 512)
where high - low >= 4096;
-- What an operator lists: the outcomes that are rare.
create index event_of_rare_type on jobs.event (type, pos)
where type in ('failed', 'dead', 'cancelled', 'skipped', 'discarded', 'expired', 'retried');

create table jobs.event_from_0 partition of jobs.event for values from (minvalue) to (16777216);
create table jobs.event_from_16777216 partition of jobs.event
for values from (16777216) to (33554432);
create table jobs.event_overflow partition of jobs.event default;
