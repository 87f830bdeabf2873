-- The first jobs of the block, as many as the limits of their concurrency key leave: see
-- _startable. Those that the key's rate puts off are scheduled for the time at which they may
-- start, which is paid for then: flag 8.
create or replace function jobs._startable_by_key(block jobs.ready, key text)
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _queue jobs.queue;
  _rest jobs.ready := block;
  _free bigint;
  _tokens double precision;
begin
  if not pg_try_advisory_xact_lock(29818, jobs._key_lock(block.queue_id, 'c', key)) then
    perform jobs._put_back(block);
    block.ids := null;
    return block;
  end if;
  select * into _queue from jobs.queue q where q.id = block.queue_id;
  _free := greatest(0, _queue.max_running_per_key - jobs._running_by_key(_queue.id, key) - (
    select count(*) from jobs.line l
    where (l.queue_id, l.gate, l.key) = (_queue.id, 'c'::"char", _startable_by_key.key)
      and l.state = 'r' and l.id <> all(block.ids)));
  _rest.ids := block.ids[_free + 1:];
  perform jobs._park(_rest, 'c', key);
  block.ids := block.ids[:_free];
  if _queue.rate_per_key is null or block.flags & 8 <> 0 or block.ids = '{}' then
    return block;
  end if;
  _tokens := jobs._tokens('c', _queue.id, key, _queue.rate_per_key,
    jobs._burst(_queue.rate_per_key, _queue.burst_per_key));
  perform jobs._spend('c', _queue.id, key, _tokens - cardinality(block.ids));
  _rest.flags := block.flags | 8;
  for _nth in greatest(0, floor(_tokens)::int) + 1..cardinality(block.ids) loop
    _rest.ids := block.ids[_nth:_nth];
    perform jobs._put_off(_rest,
      jobs.now() + (_nth - _tokens) / _queue.rate_per_key * interval '1 s');
  end loop;
  block.ids := block.ids[:greatest(0, floor(_tokens))::int];
  return block;
end $$;
