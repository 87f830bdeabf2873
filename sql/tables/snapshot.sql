-- The state of a stream as of a version, as its application has folded it: a cache, one per stream.
create table jobs.snapshot (
  stream text collate "C" not null,
  version bigint not null,
  schema_version int not null,   -- of data, the application's; others do not load it
  at timestamptz not null,
  data jsonb not null,
  constraint snapshot_pk primary key (stream)
);
