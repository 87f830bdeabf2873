-- Takes the first blocks of a lane out of ready, at most `blocks`, and returns them in order; soft
-- is null for the lane whose jobs take turns. The statement's shape is measured (_take has it for
-- one block): the rows are locked in index order below a limit, and deleted by their addresses.
create or replace function jobs._take_blocks(
  queue_id int, priority smallint, soft bigint, kinds int[], routing text[], blocks int)
returns jobs.ready[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _taken jobs.ready[];
begin
  if soft is null then
    return jobs._take_turns(queue_id, priority, kinds, routing, blocks);
  end if;
  with taken as (
    delete from jobs.ready where ctid = any(array(
      select r.ctid from jobs.ready r
      where r.queue_id = _take_blocks.queue_id and r.priority = _take_blocks.priority
        and r.ord >= soft
        and (kinds is null or r.kind_id = any(kinds))
        and (routing is null or r.routing_key = any(routing) or _unrouted and r.routing_key = '')
      order by r.ord limit blocks for update skip locked))
    returning ready)
  select coalesce(array_agg(t.ready order by (t.ready).ord), '{}') into _taken from taken t;
  return _taken;
end $$;
