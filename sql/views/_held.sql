-- The unfinished slots of live claims, as a claim returns them. Join it by claim.
create or replace view jobs._held as
select
  l.claim,
  s.slot,
  (l.claim << 6) | (s.slot - 1) as token,
  j.id,
  coalesce(k.alias_of, k.name,
    (select coalesce(m.alias_of, m.name) from jobs.kind m where m.id = j.kind_id)) as kind,
  q.name as queue,
  j.args,
  j.options -> 'headers' as headers,
  l.attempt::int as attempt,
  coalesce(
    (j.options ->> 'max_attempts')::int,
    case when l.kind_id <> 0 then k.max_attempts
      else (select m.max_attempts from jobs.kind m where m.id = j.kind_id) end,
    q.max_attempts, 20) as max_attempts,
  l.priority::int as priority,
  nullif(l.timeout_ms, 0) * interval '1 millisecond' as timeout,
  j.created_at,
  l.lease_ms
from jobs.lease l
join jobs.queue q on q.id = l.queue_id
left join jobs.kind k on k.id = l.kind_id   -- one look-up a claim, where its jobs are of one kind
cross join lateral unnest(l.ids) with ordinality as s(id, slot)
join jobs.job j on j.id = s.id
where l.unfinished & (1::bigint << (s.slot - 1)::int) <> 0;
