-- Which job has a key in a queue: a row per key, made by the enqueue that takes it. Not by job:
-- a job's own options name its keys. Free means: no row, or one that no longer counts (_counts).
create type jobs.key_type as enum ('idempotency', 'unique');

create table jobs.unique_key (
  type jobs.key_type not null,
  key text collate "C" not null,
  queue_id int not null,
  job_id bigint,          -- null: only while the transaction that has taken the key makes the job
  until timestamptz,      -- counts no longer then; null: that does not matter
  states text[],          -- counts while the job is in one of these; null: unique: until it has
                          -- ended, idempotency: as long as there is the job
  constraint unique_key_pk primary key (type, key, queue_id)
);
create index unique_key_by_end on jobs.unique_key (until) where until is not null;
