-- Raises JB010: the stream is not where the caller expects it.
create or replace function jobs._raise_conflict(stream text, expected bigint, actual bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'JB010',
    message = format('version conflict: stream %s', stream),
    detail = format('expected %s, actual %s', expected, actual),
    hint = 'Another writer was first: read the stream again, decide again, append again.';
end $$;
