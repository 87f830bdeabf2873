-- The queue has its gates, and its jobs are counted anew by the next producer: to be called when
-- its bound changes. Gate 0 is held until the end of this transaction; waits for a producer under
-- way that holds it. Writes: queue_gate, queue_credit.
create or replace function jobs._open_gate(queue text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _id int := (select q.id from jobs.queue q where q.name = _open_gate.queue);
begin
  insert into jobs.queue_gate (queue_id, gate) select _id, g from generate_series(0, 16) as g
  on conflict (queue_id, gate) do nothing;
  perform from jobs.queue_gate g where g.queue_id = _id and g.gate = 0 for no key update;
  insert into jobs.queue_credit (queue_id, gate, ver, credit, bound)
  select _id, g, 0, 0, 0 from generate_series(0, 16) as g
  where (jobs._credit_at(_id, g)).ver is null;
  perform jobs._set_credit(jobs._credit_at(_id, 0), 0, 0);
  perform setval(jobs._full_note(_id), 1);
end $$;
