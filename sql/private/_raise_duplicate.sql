-- Raises JB021: the key has a job already; or JB020, if that is not the same job.
create or replace function jobs._raise_duplicate(
  type jobs.key_type, key text, id bigint, mismatch boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = case when mismatch then 'JB020' else 'JB021' end,
    message = format('%s_key %L has a job already%s', type, left(key, 100),
      case when mismatch then ', of another kind or with other args' else '' end),
    detail = format('job %s', id),
    hint = case when mismatch then 'A key is for one job: give this one a key of its own. '
      'on_conflict => ''existing'' answers with the id of that other one.'
      else 'Leave on_conflict out to get the id of that job.' end;
end $$;
