-- Takes up to `jobs` jobs with fair keys out of a lane, the lowest round first, as blocks of one;
-- by id, so that they can share claims.
create or replace function jobs._take_turns(
  queue_id int, priority smallint, kinds int[], routing text[], jobs int)
returns jobs.ready[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _taken jobs.ready[];
begin
  with taken as (
    delete from jobs.fair_line where ctid = any(array(
      select f.ctid from jobs.fair_line f
      where f.queue_id = _take_turns.queue_id and f.priority = _take_turns.priority
        and (kinds is null or f.kind_id = any(kinds))
        and (routing is null or f.routing_key = any(routing) or _unrouted and f.routing_key = '')
      order by f.round, f.ord limit jobs for update skip locked))
    returning row(ord, fair_line.queue_id, kind_id, fair_line.priority, attempt, claims, flags,
      lease_ms, timeout_ms, routing_key, ids)::jobs.ready as block)
  select coalesce(array_agg(t.block order by (t.block).ids), '{}') into _taken from taken t;
  return _taken;
end $$;
