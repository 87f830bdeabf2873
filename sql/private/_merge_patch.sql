-- JSON Merge Patch, RFC 7396: members of the patch replace those of the target, objects are merged
-- in the same way, null removes.
create or replace function jobs._merge_patch(target jsonb, patch jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text;
  _value jsonb;
begin
  if jsonb_typeof(patch) <> 'object' then
    return patch;
  end if;
  if target is null or jsonb_typeof(target) <> 'object' then
    target := '{}'::jsonb;
  end if;
  for _name, _value in select * from jsonb_each(patch) loop
    if jsonb_typeof(_value) = 'null' then
      target := target - _name;
    else
      target := target
        || jsonb_build_object(_name, jobs._merge_patch(target -> _name, _value));
    end if;
  end loop;
  return target;
end $$;
