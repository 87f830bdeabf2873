-- Is the result over the installation's cap?
create or replace function jobs._is_oversized(result jsonb)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return pg_column_size(result) > 2000
    and pg_column_size(result) > (select s.max_result_bytes from jobs.setting s);
end $$;
