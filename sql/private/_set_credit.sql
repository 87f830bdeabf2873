-- The next version of this credit. The one before is deleted, so that a transaction with an older
-- snapshot fails with 40001. To be called by who holds the gate.
create or replace function jobs._set_credit(old jobs.queue_credit, credit int, bound int)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from jobs.queue_credit c
  where (c.queue_id, c.gate, c.ver) = (old.queue_id, old.gate, old.ver);
  insert into jobs.queue_credit (queue_id, gate, ver, credit, bound)
  values (old.queue_id, old.gate, old.ver + 1, _set_credit.credit, _set_credit.bound);
end $$;
