-- The name that a kind has now, by this name or an old one (alias_of); itself if it is not known.
create or replace function jobs._current_kind(name text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((select k.alias_of from jobs.kind k where k.name = _current_kind.name), name);
end $$;
