-- As _retry, for one of many jobs: false, with nothing changed and nothing locked, if another job
-- has its unique key or another transaction is taking that. To wait for a key while holding those
-- of other jobs, in the order in which they died, could be a deadlock.
create or replace function jobs._retry_at_once(id bigint, run_at timestamptz, patch jsonb)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '10ms'
as $$
begin
  if not exists (
      select from jobs.job j where j.id = _retry_at_once.id and j.options ? 'unique_key') then
    return jobs._retry(id, run_at, patch) is null;
  end if;
  begin
    if jobs._retry(id, run_at, patch) is not null then
      raise lock_not_available;   -- gives back what was locked to find that out
    end if;
  exception when lock_not_available then
    return false;
  end;
  return true;
end $$;
