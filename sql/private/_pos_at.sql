-- A position at or below those of all events since `at`: found by bisection, since the log has no
-- index on time. Positions and times may differ in order by as long as a transaction lasts; an hour
-- is taken off.
create or replace function jobs._pos_at(at timestamptz)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _low bigint := coalesce((select e.pos from jobs.event e order by e.pos limit 1), 0);
  _high bigint := coalesce((select e.pos from jobs.event e order by e.pos desc limit 1), 0);
  _middle bigint;
  _pos bigint;
  _at timestamptz;
begin
  while _high - _low > 1000 loop
    _middle := (_low + _high) / 2;
    select e.pos, e.at into _pos, _at from jobs.event e where e.pos >= _middle
      order by e.pos limit 1;
    if _at >= _pos_at.at - interval '1 hour' then
      _high := _middle;
    else
      _low := _pos;
    end if;
  end loop;
  return _low;
end $$;
