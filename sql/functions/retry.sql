-- A job that had ended (`dead`, `cancelled`, `skipped`, `discarded` or `completed`) is ready again,
-- with its attempts and claims at zero; its history stays.
--   run_at  not before then; default now
--   patch   an object that is merged into its args (JSON Merge Patch: null removes), default none;
--           the args that it had are kept in its history, as `args` of the event `retried`
-- Returns `ready` or `scheduled`. SQLSTATEs: JB002; JB003 the args would be too large; JB004; JB005
-- the job has not ended, or another job has its unique_key. Locks: the job's row, the key's.
-- Writes: event, ready or scheduled, unique_key, job (the row as it was, but for args: nothing else
-- ever changes them).
create or replace function jobs.retry(
  id bigint, run_at timestamptz default null, patch jsonb default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _holder bigint;
begin
  perform jobs._check_retry(run_at, patch);
  if run_at <= jobs.now() then
    run_at := null;
  end if;
  _holder := jobs._retry(id, run_at, patch);
  if _holder is not null then
    raise exception using
      errcode = 'JB005',
      message = format('the unique_key of job %s has another job by now', id),
      detail = format('job %s', _holder),
      hint = 'Retry it when that job has ended, or cancel that one first.';
  end if;
  return case when run_at is null then 'ready' else 'scheduled' end;
end $$;
