-- The first job of the block, if it is the first of its ordering key and no other one of the key
-- has started and not ended: see _startable.
create or replace function jobs._startable_in_order(block jobs.ready, key text)
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _rest jobs.ready := block;
  _may_start boolean;
begin
  if not pg_try_advisory_xact_lock(29818, jobs._key_lock(block.queue_id, 'o', key)) then
    perform jobs._put_back(block);
    block.ids := null;
    return block;
  end if;
  select not exists (
      select from jobs.line l
      where (l.queue_id, l.gate, l.key) = (block.queue_id, 'o'::"char", _startable_in_order.key)
        and l.state = 's' and l.id <> block.ids[1])
    and (f.id = block.ids[1] or exists (
      select from jobs.line l
      where l.id = block.ids[1] and l.gate = 'o' and l.state = 's'))
  into _may_start
  from jobs.line f
  where (f.queue_id, f.gate, f.key) = (block.queue_id, 'o'::"char", _startable_in_order.key)
  order by f.rank limit 1;
  if _may_start then
    block.ids := block.ids[:1];
  else
    block.ids := '{}';
  end if;
  _rest.ids := _rest.ids[cardinality(block.ids) + 1:];
  perform jobs._park(_rest, 'o', key);
  return block;
end $$;
