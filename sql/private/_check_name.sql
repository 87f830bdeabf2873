-- Raises JB002 if a subscription or a consumer cannot be named like this.
create or replace function jobs._check_name(name text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if name is null or octet_length(name) not between 1 and 255 then
    perform jobs._raise_invalid(
      format('the name %s cannot be used', coalesce(quote_literal(left(name, 40)), 'null')),
      'Names are 1 to 255 bytes long.');
  end if;
end $$;
