-- Whether another job has this one's unique key, so that it could not be retried. Waits for nobody.
create or replace function jobs._has_lost_key(job jobs.job)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _key text := job.options ->> 'unique_key';
  _until timestamptz := job.created_at
    + (job.options #>> '{unique_options,window}')::float8 * interval '1 s';
begin
  if _key is null or _until <= jobs.now() then
    return false;
  end if;
  return coalesce(jobs._key_holder('unique', _key, job.queue_id) <> job.id, false);
end $$;
