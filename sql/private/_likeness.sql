-- How alike two names are, from 0 to 1, in any case: the share of pairs of neighbouring letters
-- that they have in common.
create or replace function jobs._likeness(one text, other text)
returns double precision
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _pairs text[] := array(
    select distinct substr(' ' || lower(one) || ' ', n, 2) from generate_series(1, length(one) + 1)
      as n);
  _others text[] := array(
    select distinct substr(' ' || lower(other) || ' ', n, 2)
    from generate_series(1, length(other) + 1) as n);
begin
  return 2.0 * (select count(*) from unnest(_pairs) as p where p = any(_others))
    / (cardinality(_pairs) + cardinality(_others));
end $$;
