-- What an event hands on to the jobs and events that it causes.
create or replace function jobs._follow(event jobs.stream_event)
returns jsonb
language sql immutable
return jobs._inherited(event.headers, coalesce(event.event_id::text, event.pos::text));
