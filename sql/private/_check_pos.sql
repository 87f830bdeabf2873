-- Raises JB011 if events after this position are missing, or if the log has never been there.
create or replace function jobs._check_pos(
  pos bigint, patterns text[], category text, job_events boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _pruned bigint := jobs._pruned_pos(patterns, category, job_events);
  _last bigint;
begin
  if pos < _pruned then
    raise exception using
      errcode = 'JB011',
      message = format('events after position %s are gone', pos),
      detail = format('pruned up to %s', _pruned),
      hint = format('Rebuild from elsewhere what they did, then restart at %s (''beginning'').',
        _pruned);
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
