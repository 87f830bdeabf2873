-- The position after which a reader begins: `now` is the last one drawn, `beginning` the oldest
-- that is there, a number itself. Raises JB002, and JB011 if it is not in the log (any more).
create or replace function jobs._start(
  from_position text, patterns text[], category text, job_events boolean)
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
    return jobs._pruned_pos(patterns, category, job_events);
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
  perform jobs._check_pos(_pos, patterns, category, job_events);
  return _pos;
end $$;
