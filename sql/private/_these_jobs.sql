-- These jobs, which are some of so many, for people: job 7; jobs 7, 8 and 12 more; none: ''.
create or replace function jobs._these_jobs(ids bigint[], number bigint)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when ids = '{}' then ''
    else case when number = 1 then 'job ' else 'jobs ' end || array_to_string(ids, ', ')
      || case when number > cardinality(ids)
        then format(' and %s more', jobs._in_figures(number - cardinality(ids))) else '' end end;
end $$;
