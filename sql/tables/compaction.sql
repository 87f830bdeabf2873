-- The few jobs that are left in old partitions are on their way to a smaller one: what lies from
-- job_low (event_low) up to job_upto (event_upto) has been copied into job_upto_<job_upto>
-- (event_upto_<event_upto>), which takes its place once every snapshot is newer than the copy.
create table jobs.compaction (
  only_row boolean not null default true,
  job_low bigint not null,
  job_upto bigint not null,
  event_low bigint not null,
  event_upto bigint not null,
  holders text[],   -- transactions that may have an older snapshot; null: not looked for yet
  constraint compaction_has_one_row primary key (only_row),
  constraint one_compaction_at_a_time check (only_row)
);
