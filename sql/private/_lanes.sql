-- The lanes that a claim walks: those of the queues that are not paused (null: of all queues),
-- highest priority first, then in the order of the array; from which ord on each is scanned; and
-- whether any queue or kind is paused.
create or replace function jobs._lanes(
  queues text[], out queue_ids int[], out priorities smallint[], out softs bigint[],
  out paused boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  paused := exists (select from jobs.pause);
  select array_agg(a.id order by a.priority desc, a.nth),
    array_agg(a.priority order by a.priority desc, a.nth),
    array_agg(coalesce(a.soft, 0) order by a.priority desc, a.nth)
  into queue_ids, priorities, softs
  from (
    select distinct q.id, n.nth, p.priority, (
        select l.soft[array_position(l.priorities, p.priority)] from jobs.lane l
        where l.queue_id = q.id order by l.ver desc limit 1) as soft
    from unnest(coalesce(queues, array(select b.name from jobs.queue b order by b.id)))
      with ordinality as n(name, nth)
    join jobs.queue q on q.name = n.name and not (_lanes.paused and jobs._is_paused(q.id))
    join jobs.queue_priority p on p.queue_id = q.id) as a;
end $$;
