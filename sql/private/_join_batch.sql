-- These jobs are in the batch. Raises JB004, and JB005 if it has finished. Locks: the batch's row
-- (key share). Writes: dependency.
create or replace function jobs._join_batch(batch bigint, ids bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _finished_at timestamptz;
begin
  select b.finished_at into _finished_at from jobs.batch b where b.id = batch for key share;
  if not found then
    perform jobs._raise_not_found('batch', batch::text);
  elsif _finished_at is not null then
    raise exception using
      errcode = 'JB005',
      message = format('batch %s has finished', batch),
      detail = format('at %s', _finished_at),
      hint = 'Add jobs while one of the batch has not ended, or keep it open: '
        'jobs.create_batch(keep_open => true), then jobs.close_batch(id).';
  end if;
  insert into jobs.dependency (job, waiter) select i, batch from unnest(ids) as i;
end $$;
