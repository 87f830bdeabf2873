-- Raises JB002 if these are not types of args: {"to": "string", "n": ["integer", "null"]}.
create or replace function jobs._check_arg_types(arg_types jsonb)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _known jsonb :=
    '["string", "number", "integer", "boolean", "object", "array", "null"]'::jsonb;
  _wrong text;
begin
  if jsonb_typeof(arg_types) <> 'object' then
    perform jobs._raise_invalid(format('arg_types is %s', jsonb_typeof(arg_types)),
      'arg_types is an object: {"to": "string", "cc": ["string", "null"]}.');
  end if;
  select format('%s: %s', t.key, t.types) into _wrong
  from jsonb_each(arg_types) as t(key, types)
  where t.types = '[]' or not t.types <@ _known
    or jsonb_typeof(t.types) not in ('string', 'array')
  order by t.key limit 1;
  if found then
    perform jobs._raise_invalid(format('arg_types has no type of JSON at %s', _wrong),
      'Types: string, number, integer, boolean, object, array, null; or a list of them.');
  end if;
end $$;
