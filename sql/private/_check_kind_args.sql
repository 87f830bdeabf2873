-- Raises JB002, naming the key, if one of these args is not what the kind takes (required_args,
-- arg_types). `ords`: the indexes by which the caller knows them (default: their places in args).
create or replace function jobs._check_kind_args(kind_id int, args jsonb[], ords int[] default null)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _kind jobs.kind;
  _wrong record;
begin
  select * into _kind from jobs.kind k where k.id = kind_id;
  if num_nonnulls(_kind.required_args, _kind.arg_types) = 0 then
    return;
  end if;
  select a.nth, w.what into _wrong
  from unnest(args) with ordinality as a(args, nth)
  cross join lateral (
    select '' as key, format('are %s, not an object', jsonb_typeof(a.args)) as what
    where jsonb_typeof(a.args) <> 'object'
    union all
    select r.key, format('lack the key "%s"', r.key)
    from unnest(_kind.required_args) as r(key)
    where jsonb_typeof(a.args) = 'object' and not a.args ? r.key
    union all
    select t.key, format('have %s under the key "%s"', jsonb_typeof(a.args -> t.key), t.key)
    from jsonb_each(_kind.arg_types) as t(key, types)
    where jsonb_typeof(a.args) = 'object' and a.args ? t.key
      and not jobs._is_of_type(a.args -> t.key, t.types)) as w
  order by a.nth, w.key collate "C" limit 1;
  if found then
    raise exception using
      errcode = 'JB002',
      message = format('args of kind %s %s', _kind.name, _wrong.what),
      detail = format('index %s', coalesce(ords[_wrong.nth], _wrong.nth)),
      hint = concat_ws(' ', 'Required keys: ' || array_to_string(_kind.required_args, ', ') || '.',
        'Types: ' || _kind.arg_types::text || '.');
  end if;
end $$;
