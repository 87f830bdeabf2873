-- A job that had ended and is retried counts anew in its batch, if that has not finished; a batch
-- that has stays as it is. Locks: the batch's row (key share). Writes: dependency.
create or replace function jobs._rejoin_batch(id bigint, batch bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from jobs.batch b
  where b.id = batch and b.finished_at is null for key share;
  if found then
    update jobs.dependency d set outcome = null
    where d.waiter = batch and d.job = _rejoin_batch.id
      and d.outcome in ('completed', 'skipped', 'dead', 'cancelled', 'discarded');
  end if;
end $$;
