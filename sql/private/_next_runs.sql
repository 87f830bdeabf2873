-- The schedule's next times, from next_at on; none if it is paused or over, or if they cannot be
-- told any more (its time zone has gone), so that others can be listed.
create or replace function jobs._next_runs(schedule jobs.schedule, max_runs int)
returns timestamptz[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _at timestamptz := case when not schedule.paused then schedule.next_at end;
  _runs timestamptz[] := '{}'::timestamptz[];
begin
  while _at is not null and cardinality(_runs) < max_runs loop
    _runs := _runs || _at;
    _at := jobs._next_due(schedule, _at);
  end loop;
  return _runs;
exception when sqlstate 'JB002' then
  return '{}'::timestamptz[];
end $$;
