-- The text cut to at most max_bytes of UTF-8, on a character boundary: its beginning, or its end.
create or replace function jobs._trim_bytes(value text, max_bytes int, keep_end boolean)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _bytes bytea := convert_to(value, 'UTF8');
  _length int := length(_bytes);
  _from int := 0;
  _to int := _length;   -- the bytes from _from (counted from 0) up to, not including, _to
begin
  if _length is null or _length <= max_bytes then
    return value;
  end if;
  -- a byte 10xxxxxx continues a character: a cut may not fall before one
  if keep_end then
    _from := _length - max_bytes;
    while _from < _length and get_byte(_bytes, _from) & 192 = 128 loop
      _from := _from + 1;
    end loop;
  else
    _to := max_bytes;
    while _to > 0 and get_byte(_bytes, _to) & 192 = 128 loop
      _to := _to - 1;
    end loop;
  end if;
  return convert_from(substring(_bytes from _from + 1 for _to - _from), 'UTF8');
end $$;
