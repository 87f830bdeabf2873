-- Raises JB002 or JB003 if this event cannot be appended; `nth` is its index in a list.
create or replace function jobs._check_event(event jobs.new_event, nth int default null)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _where text := coalesce(' of index ' || nth, '');
begin
  if event.type is null or octet_length(event.type) not between 1 and 255
    or event.type like '%*%' or event.type like 'job.%' then
    perform jobs._raise_invalid(
      format('the type%s is %s', _where, coalesce(quote_literal(left(event.type, 40)), 'null')),
      'A type is 1 to 255 bytes, such as order.placed, without *; job.… are the jobs'' own.');
  end if;
  if event.data is null then
    perform jobs._raise_invalid(format('the data%s is null', _where),
      'Leave data out, or pass a JSON value such as {}.');
  end if;
  if event.schema_version not between 1 and 32767 then
    perform jobs._raise_invalid(
      format('the schema_version%s is %s', _where, event.schema_version),
      'schema_version is between 1 and 32767, default 1.');
  end if;
  if jsonb_typeof(event.headers) <> 'object' then
    perform jobs._raise_invalid(format('the headers%s are not a JSON object', _where),
      'For example {"traceparent": "00-…"}.');
  end if;
  if pg_column_size(event.data) > 2000 then
    perform jobs._check_size('event' || _where, pg_column_size(event.data));
  end if;
  if pg_column_size(event.headers) > 2000 then
    perform jobs._check_size('headers' || _where, pg_column_size(event.headers));
  end if;
end $$;
