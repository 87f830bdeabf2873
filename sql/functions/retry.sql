-- A job that had ended (`dead`, `cancelled`, `skipped`, `discarded` or `completed`) is ready again,
-- with its attempts and claims at zero; its history stays. Returns `ready`.
-- SQLSTATEs: JB004; JB005 the job has not ended, or another job has its unique_key. Locks: the
-- job's row, the key's. Writes: event, ready, job (the row as it was), unique_key.
create or replace function jobs.retry(id bigint)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _holder bigint := jobs._retry(id);
begin
  if _holder is not null then
    raise exception using
      errcode = 'JB005',
      message = format('the unique_key of job %s has another job by now', id),
      detail = format('job %s', _holder),
      hint = 'Retry it when that job has ended, or cancel that one first.';
  end if;
  return 'ready';
end $$;
