-- The block's jobs, which have fair keys, may be claimed, each in its key's turn: in the round
-- after the key's last waiting job; if none waits, in the one after that which is being served,
-- since the key may have had its turn in this one.
--   first  back to where they were taken from: in the round that is being served
-- Producers do not wait for one another: of those that add to a key at the same time, each may get
-- the same round.
create or replace function jobs._put_fair(block jobs.ready, first boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _job record;
  _round bigint;
begin
  update jobs.queue q set is_fair = true where q.id = block.queue_id and not q.is_fair;
  for _job in
    select j.id, j.options ->> 'fair_key' as key
    from unnest(block.ids) with ordinality as u(id, nth)
    join jobs.job j on j.id = u.id order by u.nth
  loop
    _round := null;
    if not first then
      select f.round + 1 into _round from jobs.fair_line f
      where f.queue_id = block.queue_id and f.priority = block.priority and f.key = _job.key
      order by f.ord desc limit 1;
    end if;
    insert into jobs.fair_line (
      ord, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms, routing_key,
      ids, key, round)
    values (
      case when first then block.ord else nextval('jobs.pos_seq') end, block.queue_id,
      block.kind_id, block.priority, block.attempt, block.claims, block.flags, block.lease_ms,
      block.timeout_ms, block.routing_key, array[_job.id], _job.key,
      coalesce(_round, (
        select f.round + (not first)::int from jobs.fair_line f
        where f.queue_id = block.queue_id and f.priority = block.priority
        order by f.round, f.ord limit 1), 0));
  end loop;
end $$;
