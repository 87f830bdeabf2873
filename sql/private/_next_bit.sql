-- The lowest bit that is set, from `low` on; null if there is none.
create or replace function jobs._next_bit(bits bigint, low int)
returns int
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  for _bit in low..59 loop
    if bits >> _bit & 1 = 1 then
      return _bit;
    end if;
  end loop;
  return null;
end $$;
