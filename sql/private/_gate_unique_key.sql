-- Of a job that has ended: is its unique key another job's now, so that it may not be retried? Null
-- for one without such a key, and while it waits or runs: then the key is its own.
create or replace function jobs._gate_unique_key(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _key text := job.options ->> 'unique_key';
  _holder bigint;
begin
  if _key is null or job.state in ('ready', 'scheduled', 'blocked', 'running') then
    return null;
  end if;
  _holder := nullif(jobs._key_holder('unique', _key, job.queue_id), job.id);
  return jobs._gate('unique_key', _holder is null,
    case when _holder is null then format('its unique key %s is free', _key)
      else format('its unique key %s is that of job %s now', _key, _holder) end,
    'jobs.retry is refused until that one has ended.',
    jsonb_strip_nulls(jsonb_build_object('key', _key, 'holder', _holder)));
end $$;
