-- The ids under which there are jobs of this kind, by its name or an old one; '{}' if it is not
-- known, null for null.
create or replace function jobs._kind_ids(kind text)
returns int[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text := jobs._current_kind(kind);
begin
  if kind is not null then
    return array(select k.id from jobs.kind k where _name in (k.name, k.alias_of));
  end if;
  return null;
end $$;
