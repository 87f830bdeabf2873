-- Gate 0 of each of these queues that has a bound is held until the end of this transaction,
-- taken in the order of the queues' ids: before keys are, so that a producer that holds a gate and
-- waits for a key never waits for one that has the key and waits for the gate.
create or replace function jobs._hold_gates(queue_ids int[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from jobs.queue_gate g
  where g.queue_id = any(queue_ids) and g.gate = 0
    and exists (select from jobs.queue q where q.id = g.queue_id and q.max_pending is not null)
  order by g.queue_id for no key update;
end $$;
