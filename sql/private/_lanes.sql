-- The lanes that a claim walks: those of the queues that are not paused (null: of all queues),
-- highest priority first, then in the order of the array; from which ord on each is scanned; and
-- whether any queue or kind is paused, or has limits. Ticks if nobody has and `freshen` is true.
create or replace function jobs._lanes(
  queues text[], freshen boolean, out queue_ids int[], out priorities smallint[],
  out softs bigint[], out paused boolean, out limited boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if freshen then
    perform jobs._freshen();
  end if;
  paused := exists (select from jobs.pause);
  select array_agg(a.id order by a.priority + a.aged desc, a.nth, a.aged desc),
    array_agg(a.priority order by a.priority + a.aged desc, a.nth, a.aged desc),
    array_agg(a.soft order by a.priority + a.aged desc, a.nth, a.aged desc), bool_or(a.limited)
  into queue_ids, priorities, softs, limited
  from (
    select s.id, s.nth, s.priority, s.limited, coalesce(s.soft, 0) as soft,
      case when s.ageing is null then 0
        else jobs._aged(s.id, s.priority, coalesce(s.soft, 0), s.ageing) end as aged
    from (
      select distinct q.id, n.nth, p.priority, q.ageing,
      q.max_running is not null or q.rate is not null as limited, (
        select l.soft[array_position(l.priorities, p.priority)] from jobs.lane l
        where l.queue_id = q.id order by l.ver desc limit 1) as soft
    from unnest(coalesce(queues, array(select b.name from jobs.queue b order by b.id)))
      with ordinality as n(name, nth)
    join jobs.queue q on q.name = n.name and not (_lanes.paused and jobs._is_paused(q.id))
    join jobs.queue_priority p on p.queue_id = q.id) as s) as a;
  limited := limited or exists (
    select from jobs.kind k where k.max_running is not null or k.rate is not null);
end $$;
