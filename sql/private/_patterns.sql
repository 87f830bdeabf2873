-- Type patterns (order.* or order.placed) as LIKE has them; null for null. Raises JB002.
create or replace function jobs._patterns(types text[])
returns text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if types is null then
    return null;
  end if;
  if cardinality(types) = 0 or array_position(types, null) is not null or '' = any(types) then
    perform jobs._raise_invalid(format('types is %s', types),
      'Types are names or patterns such as {order.*,invoice.sent}; leave them out for any type.');
  end if;
  return array(
    select replace(regexp_replace(t collate "C", e'([\\\\%_])', e'\\\\\\1', 'g'), '*', '%')
    from unnest(types) with ordinality as u(t, nth) order by nth);
end $$;
