-- Raises JB002 if this is no category; null is any.
create or replace function jobs._check_category(category text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(category) not between 1 and 255 or category collate "C" like '%-%' then
    perform jobs._raise_invalid(format('%L is not a category', category),
      'A category is the part of a stream''s name before its first hyphen.');
  end if;
end $$;
