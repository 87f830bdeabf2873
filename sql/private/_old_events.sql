-- A cursor over the log in its order, after one position and up to another: the events with which
-- jobs of these queues ended like this (`result`: completed with results), and every event that is
-- not older than the cutoff, at the first of which the caller stops. What is rare is found by its
-- list.
create or replace function jobs._old_events(
  state text, queue_ids int[], cutoff timestamptz, after_pos bigint, upto_pos bigint)
returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _events refcursor;
begin
  if state in ('completed', 'result') then
    open _events for
      select e.pos, e.at, e.queue_id, e.ids, e.at < cutoff as old
      from jobs.event e
      where e.pos > after_pos and e.pos <= upto_pos
        and (e.at >= cutoff or e.type = 'completed' and e.queue_id = any(queue_ids)
          and (_old_events.state = 'completed' or array_lower(e.data, 1) = 1))
      order by e.pos;
  else
    open _events for
      select e.pos, e.at, e.queue_id, e.ids, e.at < cutoff as old
      from jobs.rare_event r
      cross join lateral (select * from jobs.event a where a.pos = r.pos limit 1) as e
      where r.type = _old_events.state::jobs.transition and r.pos > after_pos and r.pos <= upto_pos
        and (e.at >= cutoff or e.queue_id = any(queue_ids))
      order by r.pos;
  end if;
  return _events;
end $$;
