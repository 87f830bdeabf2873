-- Raises JB002 if this is no name for a stream of events.
create or replace function jobs._check_stream(stream text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if stream is null or octet_length(stream) not between 1 and 255
    or split_part(stream collate "C", '-', 1) = '' then
    perform jobs._raise_invalid(
      format('the stream is %s', coalesce(quote_literal(left(stream, 40)), 'null')),
      'A stream is named category-id, such as order-7: 1 to 255 bytes.');
  end if;
  if split_part(stream collate "C", '-', 1) = 'job' then
    perform jobs._raise_invalid(format('%L is a job''s own stream', stream),
      'Name the category otherwise; what happened to a job is read by jobs.history(id).');
  end if;
end $$;
