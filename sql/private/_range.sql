-- The least and the greatest of ids, as an event stores them: null, null if there is just one.
create or replace function jobs._range(ids bigint[], out low bigint, out high bigint)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(ids) > 1 then
    select min(i), max(i) into low, high from unnest(ids) as i;
  end if;
end $$;
