-- Raises JB003 if a value of `bytes` is over the cap that this installation sets for `what`, which
-- begins with args, headers, event or result. Call it only above 2,000 bytes: no cap is lower.
create or replace function jobs._check_size(what text, bytes int)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text := split_part(what, ' ', 1);
  _cap int;
begin
  select case _name
    when 'args' then s.max_args_bytes
    when 'headers' then s.max_headers_bytes
    when 'event' then s.max_event_bytes
    else s.max_result_bytes end
  into _cap from jobs.setting s;
  if bytes > _cap then
    raise exception using
      errcode = 'JB003',
      message = format('%s: too large', what),
      detail = format('%s bytes as stored, %s allowed', bytes, _cap),
      hint = format(
        'Store it elsewhere and pass a reference, or raise jobs.setting.max_%s_bytes.', _name);
  end if;
end $$;
