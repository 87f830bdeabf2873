-- What errors of the same cause have in common, as 16 hexadecimal digits: the beginning of the
-- SHA-256 of kind, type, message and frame, a line each, in UTF-8. The message is without what
-- differs from one occurrence to the next (texts in quotes, uuids, numbers, white space), cut to
-- 200 characters; the frame is the error's own `frame`, else the file and function in which a
-- Python traceback ends. list_errors groups by it, retry_many selects by it.
--   kind   of the job
--   error  {"type", "message", "traceback", "frame"} as fail takes it; null or parts of it may lack
create or replace function jobs.fingerprint(kind text, error jsonb)
returns text
language plpgsql immutable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return left(encode(sha256(convert_to(
    concat_ws(E'\n', coalesce(kind, ''), coalesce(error ->> 'type', ''),
      jobs._error_message(error), jobs._error_frame(error)),
    'UTF8')), 'hex'), 16);
end $$;
