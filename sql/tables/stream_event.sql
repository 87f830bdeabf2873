-- Users' events. pos is drawn inside the insert from the sequence that numbers the jobs' events
-- too, so that both are one log (tick publishes up to where it is decided). Not partitioned: a
-- stream is kept as long as its category's policy says, by default for ever. A category is the part
-- of the stream's name before its first hyphen.
create table jobs.stream_event (
  pos bigint not null,
  xid xid8 not null,                -- the transaction that appended it, for audit
  at timestamptz not null,
  version bigint not null,
  generation int not null,          -- of the subscriptions that it was fanned out to (fan_out)
  schema_version int not null,
  event_id uuid,
  stream text collate "C" not null,
  type text collate "C" not null,
  headers jsonb,
  data jsonb not null,
  constraint stream_event_pk primary key (pos),
  constraint version_is_unique_in_its_stream unique (stream, version)
);
create unique index event_id_is_unique on jobs.stream_event (event_id) where event_id is not null;
create index stream_event_by_category on jobs.stream_event (split_part(stream, '-', 1), pos);
create index stream_event_by_type on jobs.stream_event (type, pos);
