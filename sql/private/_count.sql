-- So many of something, for people: 1 job, 1,234 jobs.
create or replace function jobs._count(number bigint, noun text)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
begin
  return jobs._in_figures(number) || ' ' || noun || case when number = 1 then '' else 's' end;
end $$;
