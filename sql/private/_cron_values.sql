-- The values of one item of a cron field (7, 1-5, */10, mon-fri/2) as bits. `names` are those that
-- stand for the values from `low` on; `at` is where the item is in the expression, from 1. Raises
-- JB002 with the place of the mistake.
create or replace function jobs._cron_values(
  item text, low int, high int, names text[], field text, at int)
returns bigint
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _parts text[] := regexp_match(item collate "C",
    '^([*]|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,4}))?$');
  _from int;
  _to int;
  _step int;
  _bits bigint := 0;
begin
  if _parts is null or _parts[1] = '*' and _parts[2] is not null then
    perform jobs._raise_cron(item, field, at);
  end if;
  if _parts[1] = '*' then
    _from := low;
    _to := high;
  else
    _from := jobs._cron_value(_parts[1], low, names);
    _to := case
      when _parts[2] is not null then jobs._cron_value(_parts[2], low, names)
      when _parts[3] is not null then high   -- 5/15: from 5 on
      else _from end;
  end if;
  _step := coalesce(_parts[3]::int, 1);
  if _from is null or _to is null or _step = 0 or _from < low or _to > high or _to < _from then
    perform jobs._raise_cron(item, field, at);
  end if;
  for _value in _from.._to by _step loop
    _bits := _bits | (1::bigint << _value);
  end loop;
  return _bits;
end $$;
