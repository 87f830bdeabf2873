-- The lanes of one queue that the last tick knew, as _lanes returns them: in one statement, as this
-- is the common case; none of a queue with ageing or fair keys. Ticks if nobody has and `freshen`
-- is true.
create or replace function jobs._known_lanes(
  queue text, freshen boolean, out queue_ids int[], out priorities smallint[], out softs bigint[],
  out paused boolean, out limited boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _ticked_at timestamptz;
begin
  select array_fill(q.id, array[cardinality(l.priorities)]), l.priorities, l.soft,
    exists (select from jobs.pause),
    q.max_running is not null or q.rate is not null
      or exists (select from jobs.kind k where k.max_running is not null or k.rate is not null),
    (select r.at from jobs.register r order by r.ver desc limit 1)
  into queue_ids, priorities, softs, paused, limited, _ticked_at
  from jobs.queue q
  join lateral (
    select * from jobs.lane a where a.queue_id = q.id order by a.ver desc limit 1) as l on true
  where q.name = _known_lanes.queue and q.ageing is null
    and not q.is_fair;
  if freshen and _ticked_at is not null and jobs._freshen(_ticked_at) then
    paused := exists (select from jobs.pause);   -- perhaps by a death that it found
  end if;
  if paused and jobs._is_paused(queue_ids[1]) then
    queue_ids := null;
  end if;
end $$;
