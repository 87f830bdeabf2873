-- Whether the job that has the key keeps others from it.
create or replace function jobs._counts(held jobs.unique_key)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if held.job_id is null or held.until <= jobs.now() then
    return false;
  elsif held.type = 'idempotency' then
    return exists (select from jobs.job j where j.id = held.job_id);
  end if;
  return exists (
    select from jobs.job_state s
    where s.id = held.job_id
      and s.state = any(coalesce(held.states, '{ready,scheduled,blocked,running}')));
end $$;
