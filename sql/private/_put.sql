-- The block's ids may be claimed from run_at on (null: now), in blocks of up to 60.
-- run_at is raised to the clock of the insert itself, which holds the lock: tick's floor rests on it.
create or replace function jobs._put(block jobs.ready, run_at timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if run_at is null then
    insert into jobs.ready (
      ord, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms, routing_key, ids)
    select nextval('jobs.pos_seq'), block.queue_id, block.kind_id, block.priority, block.attempt,
      block.claims, block.flags, block.lease_ms, block.timeout_ms, block.routing_key,
      block.ids[first:first + 59]
    from generate_series(1, cardinality(block.ids), 60) as first;
    perform jobs._wake(block.queue_id);
  else
    insert into jobs.scheduled (
      ord, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms, routing_key, ids,
      run_at)
    select nextval('jobs.pos_seq'), block.queue_id, block.kind_id, block.priority, block.attempt,
      block.claims, block.flags, block.lease_ms, block.timeout_ms, block.routing_key,
      block.ids[first:first + 59], greatest(_put.run_at, jobs.now())
    from generate_series(1, cardinality(block.ids), 60) as first;
  end if;
end $$;
