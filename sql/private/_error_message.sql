-- An error's message without what differs from one occurrence to the next, at most 200 characters:
-- quoted texts are '?', uuids, hexadecimal and other numbers are #, white space is one space. Read
-- as ASCII (collation C), whatever the database's language, so that every database answers alike.
create or replace function jobs._error_message(error jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _text text := coalesce(error ->> 'message', '') collate "C";
begin
  -- a quote inside a word is an apostrophe
  _text := regexp_replace(_text, '(?<![[:alnum:]])(''[^'']*''|"[^"]*"|`[^`]*`)(?![[:alnum:]])',
    '''?''', 'g');
  _text := regexp_replace(_text,
    '\m[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\M', '#', 'g');
  _text := regexp_replace(_text, '\m(0[xX][0-9a-fA-F]+|(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,})\M', '#',
    'g');
  _text := regexp_replace(_text, '[-+]?[0-9#]+([-+.,:/_][0-9#]+)*([eE][-+]?[0-9#]+)?', '#', 'g');
  return btrim(left(btrim(regexp_replace(_text, '[[:space:]]+', ' ', 'g')), 200));
end $$;
