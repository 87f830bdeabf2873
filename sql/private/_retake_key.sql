-- The job, which is to wait again, has its unique key again, if it has one that still counts. Null
-- then; or the id of the other job that has the key.
create or replace function jobs._retake_key(id bigint)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _job jobs.job;
  _key text;
  _until timestamptz;
  _holder bigint;
begin
  select * into _job from jobs.job j where j.id = _retake_key.id;
  _key := _job.options ->> 'unique_key';
  _until := _job.created_at
    + (_job.options #>> '{unique_options,window}')::float8 * interval '1 s';
  if _key is null or _until <= jobs.now() then
    return null;
  end if;
  _holder := jobs._take_key('unique', _key, _job.queue_id);
  if _holder is null then
    perform jobs._give_key('unique', _key, _job.queue_id, id, _until,
      jobs._unique_states(_job.options -> 'unique_options'));
  end if;
  return nullif(_holder, id);
end $$;
