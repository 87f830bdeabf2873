-- The queue has a gate, which is held until the end of this transaction, and its jobs are counted
-- anew by the next producer: to be called when its bound changes. Waits for producers under way
-- that hold the gate. Writes: queue_gate, queue_credit.
create or replace function jobs._open_gate(queue text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _id int := (select q.id from jobs.queue q where q.name = _open_gate.queue);
  _ver bigint;
begin
  insert into jobs.queue_gate (queue_id) values (_id) on conflict (queue_id) do nothing;
  perform from jobs.queue_gate g where g.queue_id = _id for no key update;
  delete from jobs.queue_credit c where c.queue_id = _id returning c.ver into _ver;
  insert into jobs.queue_credit (queue_id, ver, credit) values (_id, coalesce(_ver, 0) + 1, 0);
  perform setval(jobs._full_note(_id), 1);
end $$;
