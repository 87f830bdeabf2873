-- The job's args as a patch makes them. Raises JB002 if they are not an object, or become what the
-- kind does not take; JB003 if they become too large.
create or replace function jobs._patched_args(job jobs.job, patch jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if patch is null then
    return job.args;
  end if;
  if jsonb_typeof(job.args) <> 'object' then
    perform jobs._raise_invalid(
      format('the args of job %s are of type %s', job.id, jsonb_typeof(job.args)),
      'Only args that are an object can be patched: select such jobs, or retry without a patch.');
  end if;
  job.args := jobs._merge_patch(job.args, patch);
  if pg_column_size(job.args) > 2000 then
    perform jobs._check_size(format('args of job %s', job.id), pg_column_size(job.args));
  end if;
  perform jobs._check_kind_args(job.kind_id, array[job.args]);
  return job.args;
end $$;
