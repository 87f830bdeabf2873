-- Raises JB011 if events after this position are missing and not allow_gaps, or if the log has
-- never been there; JB002 if it is no position.
create or replace function jobs._check_pos(
  pos bigint, patterns text[], category text, job_events boolean, allow_gaps boolean default false)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _pruned bigint := jobs._pruned_pos(patterns, category, job_events);
  _last bigint;
begin
  if pos < 0 then
    perform jobs._raise_invalid(
      format('the position is %s', pos), 'Positions begin at 1; after 0 is after none.');
  end if;
  if pos < _pruned and not allow_gaps then
    raise exception using
      errcode = 'JB011',
      message = format('events after position %s are gone', pos),
      detail = format('pruned up to %s', _pruned),
      hint = format('Nothing is missing if you restart at %s; what is left before it can be read '
        'from ''beginning'', or with allow_gaps => true.', _pruned);
  end if;
  select case when s.is_called then s.last_value else 0 end into _last from jobs.pos_seq s;
  if pos > _last then
    raise exception using
      errcode = 'JB011',
      message = format('position %s is ahead of the log', pos),
      detail = format('the last position is %s', _last),
      hint = format(
        'Is this another database, or an older backup? Restart at %s (''now'').', _last);
  end if;
end $$;
