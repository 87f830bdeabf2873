-- Where an error was raised, without line and directory, which change from one release to the next:
-- the error's own `frame`, else the last frame of a Python traceback as `send.py in send_mail`; ''
-- if it has neither.
create or replace function jobs._error_frame(error jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _frame text[];
begin
  if error ? 'frame' then
    return left(coalesce(error ->> 'frame', ''), 200);
  end if;
  -- greedy up to the last one
  _frame := regexp_match(coalesce(error ->> 'traceback', '') collate "C",
    '.*(?:^|\n)[ |+]*File "(?:[^"\n]*[/\\])?([^"/\\\n]+)", line [0-9]+, in ([^\n]+)');
  return left(coalesce(_frame[1] || ' in ' || _frame[2], ''), 200);
end $$;
