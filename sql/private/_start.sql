-- The position after which a reader begins: `now` is the last one drawn, `beginning` 0, a number
-- itself. Raises JB002, and JB011 if that is not in the log, or if events after it are missing and
-- not allow_gaps; from the beginning, what is left is read.
create or replace function jobs._start(
  from_position text, patterns text[], category text, job_events boolean, allow_gaps boolean)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _pos bigint;
begin
  if from_position = 'now' then
    return (select case when s.is_called then s.last_value else 0 end from jobs.pos_seq s);
  elsif from_position = 'beginning' then
    return 0;
  end if;
  begin
    _pos := from_position::bigint;
  exception when data_exception then
    _pos := null;
  end;
  if _pos is null or _pos < 0 then
    perform jobs._raise_invalid(
      format('the position is %s', coalesce(quote_literal(from_position), 'null')),
      'Say where to begin: now, beginning, or a position of the log: events after it are read.');
  end if;
  perform jobs._check_pos(_pos, patterns, category, job_events, allow_gaps);
  return _pos;
end $$;
