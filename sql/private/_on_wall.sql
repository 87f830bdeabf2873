-- When clocks of this zone show this time: for the first time if they show it twice, and if they
-- never do, the first minute that they show after it.
create or replace function jobs._on_wall(wall timestamp, timezone text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _run timestamptz := wall at time zone timezone;
  -- were the clock still as it was a day before
  _before timestamptz := _run - interval '24 hours'
    + (wall - (_run - interval '24 hours') at time zone timezone);
begin
  if _before < _run and _before at time zone timezone = wall then
    return _before;
  end if;
  while _run at time zone timezone <> wall loop
    wall := wall + interval '1 min';
    _run := wall at time zone timezone;
  end loop;
  return _run;
end $$;
