-- An error as it is kept: an object with type, message, traceback and whatever else fits. What is
-- too long for setting.max_error_bytes is cut, never refused: a message keeps its beginning (a
-- quarter of the room), a traceback its end (a half), and other keys are dropped. A value that is
-- not an object becomes the message. What _error_frame reads is kept.
create or replace function jobs._error(error jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _room int;
begin
  if error is null or jsonb_typeof(error) = 'null' then
    return null;
  end if;
  if jsonb_typeof(error) <> 'object' then
    error := jsonb_build_object('message', error #>> '{}');
  end if;
  if pg_column_size(error) <= 2000 then
    return error;
  end if;
  select s.max_error_bytes into _room from jobs.setting s;
  if pg_column_size(error) <= _room then
    return error;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'type', jobs._trim_bytes(error ->> 'type', 255, false),
    'message', jobs._trim_bytes(error ->> 'message', _room / 4, false),
    'traceback', jobs._trim_bytes(error ->> 'traceback', _room / 2, true),
    'frame', jobs._trim_bytes(error ->> 'frame', 255, false),
    'truncated', true));
end $$;
