-- The ids of these slots of a claim, in slot order.
create or replace function jobs._pick(ids bigint[], slots bigint)
returns bigint[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if slots = (1::bigint << cardinality(ids)) - 1 then
    return ids;
  end if;
  return array(
    select ids[s] from generate_series(1, cardinality(ids)) as s
    where slots & (1::bigint << s - 1) <> 0);
end $$;
