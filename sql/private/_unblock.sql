-- These jobs, taken from where they were blocked, are ready or scheduled, dead or cancelled.
--   fate    `ready`, or what on_dependency_failure says
--   reason  why they do not run
--   due     not before then; null: now
-- Writes: event, ready, scheduled; as _bury. Their own waiters are the caller's.
create or replace function jobs._unblock(
  block jobs.ready, fate text, reason text, due timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _size int := cardinality(block.ids);
begin
  if fate = 'ready' then
    perform jobs._log('promoted', block.queue_id, block.attempt, block.ids, null,
      case when due is not null then
        array_fill(jsonb_build_object('run_at', due), array[_size]) end);
    perform jobs._put(block, due);
  elsif fate = 'cancel' then
    perform jobs._log('cancelled', block.queue_id, block.attempt, block.ids, null,
      array_fill(jsonb_build_object('reason', reason), array[_size]));
  else
    perform jobs._bury(block.queue_id, block.attempt, null, 0::smallint, block.ids, 'dependency',
      jsonb_build_object('type', 'DependencyFailed', 'message', reason));
  end if;
end $$;
