-- Raises JB002 if the age is no length of time, or so long that no clock reaches back to it.
create or replace function jobs._check_age(name text, age interval)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if age < interval '0' or age > interval '1000 years' then
    perform jobs._raise_invalid(format('%s is %s', name, age),
      'How long something is kept is not negative, and at most 1000 years.');
  end if;
end $$;
