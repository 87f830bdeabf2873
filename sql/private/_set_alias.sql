-- Jobs of the kind `name` are of the kind `alias_of` from now on, those that exist too. Raises
-- JB002 if that is an alias itself. Locks: the rows of kind, by name. Writes: kind.
create or replace function jobs._set_alias(name text, alias_of text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _stands_for text;
begin
  if alias_of = name then
    perform jobs._raise_invalid(format('%s would be an alias of itself', name),
      'alias_of is the new name of a kind that is configured by its old one.');
  end if;
  perform from jobs.kind k
  where k.name in (_set_alias.name, _set_alias.alias_of) or k.alias_of = _set_alias.name
  order by k.name collate "C" for update;
  select k.alias_of into _stands_for from jobs.kind k where k.name = _set_alias.alias_of;
  if _stands_for is not null then
    perform jobs._raise_invalid(format('%s is an alias itself', alias_of),
      format('Name the kind that it stands for: %s.', _stands_for));
  end if;
  if exists (
      select from jobs.kind k
      where k.name = _set_alias.alias_of and k.on_dead = _set_alias.name) then
    perform jobs._raise_invalid(format('on_dead of %s would be itself', alias_of),
      format('Give %s another on_dead, or none, first.', alias_of));
  end if;
  update jobs.kind k set alias_of = _set_alias.alias_of
  where _set_alias.name in (k.name, k.alias_of);
  perform jobs._mirror_kind(alias_of);
end $$;
