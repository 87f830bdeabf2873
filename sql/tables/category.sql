-- How long the events of a category are kept, and up to where they are gone. The category `job`
-- stands for the jobs' own events, which go with their jobs; its policy is that of their queues.
create table jobs.category (
  name text collate "C" not null,
  keep interval,                          -- null: for ever
  keep_last boolean not null default true,  -- a stream's last event stays, and its version with it
  pruned_pos bigint not null default 0,   -- events up to here may be missing
  constraint category_pk primary key (name),
  constraint category_keep_is_not_negative check (keep >= interval '0')
);
