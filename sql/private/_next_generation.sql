-- Draws the next generation of the subscriptions, after which appends look at them if `live`.
-- Changes wait for one another here, so that generations commit in order. Locks and writes:
-- fan_out.
create or replace function jobs._next_generation(live boolean)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _generation int;
begin
  update jobs.fan_out f set generation = f.generation + 1, live = _next_generation.live
  returning f.generation into _generation;
  return _generation;
end $$;
