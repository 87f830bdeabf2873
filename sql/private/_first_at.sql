-- When the first event after the position happened that a walk of _old_events would come to; null
-- if there is none. One look-up.
create or replace function jobs._first_at(state text, after_pos bigint, upto_pos bigint)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
begin
  if state in ('completed', 'result') then
    return (
      select e.at from jobs.event e where e.pos > after_pos and e.pos <= upto_pos
      order by e.pos limit 1);
  end if;
  return (
    select (select e.at from jobs.event e where e.pos = r.pos limit 1)
    from jobs.rare_event r
    where r.type = _first_at.state::jobs.transition and r.pos > after_pos and r.pos <= upto_pos
    order by r.pos limit 1);
end $$;
