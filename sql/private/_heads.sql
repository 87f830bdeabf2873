-- The ready blocks that claims meet first: of each lane of each queue that is not paused, at most
-- so many from its watermark on, and as many of those that take turns by fair_key, without those
-- of paused kinds. Jobs that nobody takes pile up there.
create or replace function jobs._heads(max_blocks int)
returns table (
  queue_id int, priority smallint, ord bigint, kind_id int, routing_key text, id bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
  _kinds_paused boolean := exists (select from jobs.pause p where p.kind_id is not null);
  _lane record;
begin
  for _lane in
    select q.id as queue_id, p.priority,
      coalesce(l.soft[array_position(l.priorities, p.priority)], 0) as soft
    from jobs.queue q
    join (select distinct d.queue_id, d.priority from jobs.queue_priority d) as p
      on p.queue_id = q.id
    left join lateral (
      select * from jobs.lane a where a.queue_id = q.id order by a.ver desc limit 1) as l on true
    where not jobs._is_paused(q.id)
  loop
    return query
      select b.queue_id, b.priority, b.ord, b.kind_id, b.routing_key, b.ids[1]
      from (
        (select r.queue_id, r.priority, r.ord, r.kind_id, r.routing_key, r.ids from jobs.ready r
         where r.queue_id = _lane.queue_id and r.priority = _lane.priority and r.ord >= _lane.soft
         order by r.ord limit max_blocks)
        union all
        (select f.queue_id, f.priority, f.ord, f.kind_id, f.routing_key, f.ids
         from jobs.fair_line f
         where f.queue_id = _lane.queue_id and f.priority = _lane.priority
         order by f.round, f.ord limit max_blocks)) as b
      where not (_kinds_paused and jobs._is_paused(null, b.kind_id));
  end loop;
end $$;
