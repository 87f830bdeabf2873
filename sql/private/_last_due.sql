-- The schedule's last time up to `until`, of which `due` is one that is not after it.
create or replace function jobs._last_due(
  schedule jobs.schedule, due timestamptz, until timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _last timestamptz := due;
  _end timestamptz := until;   -- no time is after it and up to `until`
  _middle timestamptz;
  _next timestamptz;
begin
  loop
    _next := jobs._next_due(schedule, _last);
    if _next is null or _next > until then
      return _last;
    end if;
    _last := _next;
    -- years of seconds are not walked through one by one
    _middle := _last + (_end - _last) / 2;
    _next := jobs._next_due(schedule, _middle);
    if _next <= until then
      _last := _next;
    else
      _end := _middle;
    end if;
  end loop;
end $$;
