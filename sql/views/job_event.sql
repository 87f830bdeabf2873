-- The log, one row per job and transition. Read it by pos; for one job use history(id), which has
-- an index.
create or replace view jobs.job_event as
select
  j.id as job_id,
  j.id as pos,
  j.created_at as at,
  'enqueued'::text as type,
  q.name as queue,
  0 as attempt,
  null::bigint as claim,
  null::uuid as worker,
  nullif(j.options - 'retried', '{}') as data,
  null::xid8 as xid
from jobs.job j
join jobs.queue q on q.id = j.queue_id
union all
select
  i.id,
  e.pos,
  e.at,
  e.type::text,
  q.name,
  e.attempt::int,
  e.claim,
  e.worker,
  e.data[i.nth],
  e.xid
from jobs.event e
join jobs.queue q on q.id = e.queue_id
cross join lateral unnest(e.ids) with ordinality as i(id, nth);
