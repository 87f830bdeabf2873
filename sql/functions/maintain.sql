-- What must be done now and then is done: a tick, stale claims are reset, partitions are made ahead
-- of the sequence, workers not seen for a day and keys whose time is over are forgotten. Call it
-- every few seconds from anywhere (workers do).
-- Returns {"ticked": bool, "reset": jobs given back, "partitions": names of those made}.
-- Locks: as tick and reset_stale_claims; a new partition takes a short exclusive lock on the empty
-- overflow partition, and gives up after 100 ms. Writes: as those; worker, queue_priority,
-- unique_key.
create or replace function jobs.maintain()
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _ticked boolean := jobs.tick();
  _reset bigint;
begin
  select count(*) into _reset from jobs.reset_stale_claims();
  perform jobs._release_lines();
  delete from jobs.worker w where w.seen_at < jobs.now() - interval '1 day';
  -- two transactions may each have noted the same new priority
  delete from jobs.queue_priority p using jobs.queue_priority twin
  where (twin.queue_id, twin.priority) = (p.queue_id, p.priority) and twin.ctid < p.ctid;
  perform jobs._sweep_keys();
  return jsonb_build_object('ticked', _ticked, 'reset', _reset,
    'partitions', to_jsonb(jobs._add_partitions()));
end $$;
