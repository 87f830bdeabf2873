-- The event is in the stream, if and when the caller's transaction commits, and with it a job for
-- every subscription that it matches. Returns its position in the log.
--   stream            category-id, 1 to 255 bytes; comes into being with its first event
--   type              such as order.placed, 1 to 255 bytes
--   data              any JSON, default {}; up to setting.max_event_bytes (1 MiB)
--   expected_version  how many events the stream has; 0: none, it must not exist; default any
--   event_id          an append that was done is not done again: the first one's position is
--                     returned
--   headers           a JSON object for trace context and the like, up to 8 KiB
--   schema_version    of data, for who reads it; 1 to 32767, default 1
--   caused_by         the id of the job, or the position of the event, from which this one takes
--                     traceparent, tracestate and correlation_id; becomes causation_id
-- The version that the event gets is the one after; two writers that expect the same one get one
-- success and one conflict, writers that expect none get a version each, in the order of their
-- commits. Appending waits for a transaction that has appended to the same stream and is open.
-- SQLSTATEs: JB002 an argument is out of range, JB003 too large, JB004 no such cause, JB010 another
-- version (DETAIL has both), JB020 event_id is used in another stream, 40001 under REPEATABLE READ.
-- Locks: the stream's next version; under REPEATABLE READ and above fan_out. Writes: stream_event,
-- and for subscriptions what enqueue writes.
create or replace function jobs.append_event(
  stream text, type text, data jsonb default '{}', expected_version bigint default null,
  event_id uuid default null, headers jsonb default null, schema_version int default 1,
  caused_by bigint default null)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _event jobs.new_event := row(type, schema_version, event_id, headers, data);
begin
  perform jobs._check_event(_event);
  if caused_by is not null then
    _event.headers := jobs._caused_by(caused_by, headers);
  end if;
  return (jobs._append(stream, array[_event], expected_version)).poss[1];
end $$;
