-- When the expression fits next, strictly after a time; next_run says what happens when clocks
-- change.
create or replace function jobs._cron_run(
  spec jobs.cron_spec, timezone text, after timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _from timestamptz := date_trunc('second', after) + interval '1 s';
  _wall timestamp;
  _run timestamptz;
  _low timestamptz;
  _high timestamptz;
  _middle timestamptz;
begin
  if spec.fixed then
    -- not _from on the wall: what an hour that is left out would have shown is before it
    _wall := (_from - interval '1 s') at time zone timezone + interval '1 s';
    loop
      _wall := jobs._cron_next(spec, _wall);
      _run := jobs._on_wall(_wall, timezone);
      exit when _run is null or _run >= _from;
      _wall := _wall + interval '1 s';
    end loop;
    return _run;
  end if;
  loop
    _wall := jobs._cron_next(spec, _from at time zone timezone);
    exit when _wall is null;
    -- were no clock changed before it
    _run := _from + (_wall - _from at time zone timezone);
    exit when _run at time zone timezone = _wall;
    -- one is: nothing fits before it, since _wall would be that; go on from there
    _low := _from;
    _high := _run;
    while _high - _low > interval '1 s' loop
      _middle := date_trunc('second', _low + (_high - _low) / 2);
      if _middle at time zone timezone - _low at time zone timezone = _middle - _low then
        _low := _middle;
      else
        _high := _middle;
      end if;
    end loop;
    _from := _high;
  end loop;
  return case when _wall is not null then _run end;
end $$;
