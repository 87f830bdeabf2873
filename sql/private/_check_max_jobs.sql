-- Raises JB002 if max_jobs, of a verb that does a part of its work at each call, is no number of
-- jobs.
create or replace function jobs._check_max_jobs(max_jobs int)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_jobs < 0 or max_jobs is null then
    perform jobs._raise_invalid(
      format('max_jobs is %s', coalesce(max_jobs::text, 'null')), 'max_jobs is at least 0.');
  end if;
end $$;
