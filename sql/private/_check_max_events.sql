-- Raises JB002 if a page or batch is not of 1 to 10000 events.
create or replace function jobs._check_max_events(max_events int)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_events not between 1 and 10000 or max_events is null then
    perform jobs._raise_invalid(
      format('max_events is %s', max_events), 'max_events is between 1 and 10000.');
  end if;
end $$;
