-- The ids of the kinds that a claim for these kinds (null: for any) may take; null: all there are.
create or replace function jobs._kinds(kinds text[])
returns int[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if kinds is null and not exists (select from jobs.pause p where p.kind_id is not null) then
    return null;
  end if;
  return array(
    select k.id from jobs.kind k
    where (kinds is null or coalesce(k.alias_of, k.name) = any(kinds))
      and not jobs._is_paused(null, k.id));
end $$;
