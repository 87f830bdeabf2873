-- The worker is no longer in the registry. Jobs that it still holds come back when their leases
-- end.
-- Writes: worker.
create or replace function jobs.deregister_worker(worker uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from jobs.worker w where w.id = deregister_worker.worker;
end $$;
