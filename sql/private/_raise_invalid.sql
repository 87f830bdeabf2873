-- Raises JB002: the message says what is wrong, the hint what is allowed.
create or replace function jobs._raise_invalid(message text, hint text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'JB002', message = _raise_invalid.message, hint = _raise_invalid.hint;
end $$;
