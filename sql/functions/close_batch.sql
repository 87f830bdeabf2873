-- The batch is finished as soon as all of its jobs have ended: at once, if they have, or if it has
-- none. Until then jobs may still be added. Returns its state then: `running` or `finished`.
-- SQLSTATEs: JB004; JB005 outside READ COMMITTED. Locks: waiter. Writes: dependency; as
-- create_batch says, if it is finished.
create or replace function jobs.close_batch(id bigint)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform from jobs.batch b where b.id = close_batch.id;
  if not found then
    perform jobs._raise_not_found('batch', id::text);
  end if;
  perform jobs._check_may_finish(array[id]);
  perform from jobs.waiter w where w.id = close_batch.id for update;
  perform from jobs.dependency d
  where d.waiter = close_batch.id and d.job = close_batch.id and d.outcome is null;
  if found then
    perform jobs._ended(array[id], 'completed');
  else
    perform jobs._finish_batch(id);   -- one that has no job
  end if;
  return (select case when b.finished_at is null then 'running' else 'finished' end
    from jobs.batch b where b.id = close_batch.id);
end $$;
