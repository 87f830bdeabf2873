-- The lanes that a claim walks: those of the queues that are not paused (null: of all queues),
-- highest priority first, then in the order of the array; from which ord on each is scanned (softs;
-- null: its jobs take turns, by fair_key); and whether any queue or kind is paused, or has limits.
-- Ticks if nobody has and `freshen` is true.
--
-- A queue with fair keys has two lanes of a priority; the one whose first job is older goes first.
-- In a queue with ageing a lane gains a step of priority for each 2 * ageing positions that were
-- drawn since its first job became ready. So a newer block overtakes a job only while fewer lie
-- between them than that, times the steps by which its priority is higher; and each block draws two
-- positions at least (its place, and that of its enqueuing or promotion): at most `ageing` blocks
-- do, for each step.
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
  select array_agg(a.id order by a.effective desc, a.nth, a.head),
    array_agg(a.priority order by a.effective desc, a.nth, a.head),
    array_agg(case when not a.fair then a.soft end order by a.effective desc, a.nth, a.head),
    bool_or(a.limited)
  into queue_ids, priorities, softs, limited
  from (
    select w.*, w.priority
        + coalesce((select s.last_value - w.head from jobs.pos_seq s) / (2 * w.ageing), 0)
        as effective
    from (
      select l.*, t.fair, case when l.ageing is not null or l.is_fair
        then jobs._lane_head(l.id, l.priority, l.soft, t.fair) end as head
      from (
        select distinct q.id, n.nth, p.priority, q.ageing, q.is_fair,
          q.max_running is not null or q.rate is not null as limited, coalesce((
            select l.soft[array_position(l.priorities, p.priority)] from jobs.lane l
            where l.queue_id = q.id order by l.ver desc limit 1), 0) as soft
        from unnest(coalesce(queues, array(select b.name from jobs.queue b order by b.id)))
          with ordinality as n(name, nth)
        join jobs.queue q on q.name = n.name and not (_lanes.paused and jobs._is_paused(q.id))
        join jobs.queue_priority p on p.queue_id = q.id) as l
      join (values (false), (true)) as t(fair) on l.is_fair or not t.fair) as w) as a;
  limited := limited or exists (
    select from jobs.kind k where k.max_running is not null or k.rate is not null);
end $$;
