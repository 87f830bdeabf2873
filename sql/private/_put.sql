-- The block's ids, which ascend, may be claimed from run_at on (null: now), in blocks of up to 60
-- whose ids lie within 1,024 of one another (event_by_first_id rests on that). run_at is raised to
-- the clock of the insert itself, which holds the lock: tick's floor rests on it. The blocked,
-- whose run_at is infinity, stand alone: who ends the wait of one does not hold up another's.
create or replace function jobs._put(block jobs.ready, run_at timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _all bigint[] := block.ids;
  _count int := cardinality(_all);
  _first int := 1;
  _last int;
begin
  if run_at is null and block.flags & 16 <> 0 then
    perform jobs._put_fair(block, false);
    _count := 0;
  end if;
  while _first <= _count loop
    _last := least(_first + case when run_at = 'infinity' then 0 else 59 end, _count);
    while _all[_last] - _all[_first] >= 1024 loop
      _last := _last - 1;
    end loop;
    block.ids := _all[_first:_last];
    if run_at is null then
      insert into jobs.ready (
        ord, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms,
          routing_key, ids)
      values (nextval('jobs.pos_seq'), block.queue_id, block.kind_id, block.priority, block.attempt,
        block.claims, block.flags, block.lease_ms, block.timeout_ms, block.routing_key, block.ids);
    else
      insert into jobs.scheduled (
        ord, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms,
          routing_key, ids,
        run_at)
      values (nextval('jobs.pos_seq'), block.queue_id, block.kind_id, block.priority, block.attempt,
        block.claims, block.flags, block.lease_ms, block.timeout_ms, block.routing_key, block.ids,
        greatest(_put.run_at, jobs.now()));
    end if;
    _first := _last + 1;
  end loop;
  if run_at is null then
    perform jobs._wake(block.queue_id);
  end if;
end $$;
