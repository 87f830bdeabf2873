-- The consumer goes on after this position, forwards or backwards; a batch that is out is stale,
-- its failures are forgotten. Waits for a transaction in which a batch is being handled.
--   from_position  'beginning', 'now', or a position: it reads what comes after
--   allow_gaps     also if events after that position are gone: what is left of them is read;
--                  default false
-- Returns the position. SQLSTATEs: JB002, JB004 no such consumer, JB011 the position is not in the
-- log (any more). Locks: the consumer's row. Writes: consumer_cursor.
create or replace function jobs.reset_consumer(
  name text, from_position anycompatible, allow_gaps boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _old jobs.consumer_cursor := jobs._lock_consumer(name);
  _new jobs.consumer_cursor;
  _consumer jobs.consumer;
  _patterns text[];
begin
  select * into _consumer from jobs.consumer c where c.id = _old.consumer_id;
  _patterns := jobs._patterns(_consumer.types);
  _new := jobs._new_cursor(_old.consumer_id,
    jobs._start(from_position::text, _patterns, _consumer.category, _consumer.job_events,
      allow_gaps),
    jobs._pruned_pos(_patterns, _consumer.category, _consumer.job_events));
  _new.ver := _old.ver;
  perform jobs._move_cursor(_new);
  return _new.pos;
end $$;
