-- A user's event as the reading functions return it.
create or replace function jobs._as_log_event(event jobs.stream_event)
returns jobs.log_event
language sql immutable
return row(event.pos, event.at, event.stream, event.version, event.type, event.schema_version,
  event.event_id, event.headers, event.data)::jobs.log_event;
