-- What verify finds of waits: those that nobody will end, and those that have ended and go on.
create or replace function jobs._verify_waits()
returns table (problem text, job_id bigint, detail text)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with
  live as (
    select i.id from jobs.ready r, unnest(r.ids) as i(id)
    union all
    select i.id from jobs.scheduled s, unnest(s.ids) as i(id)
    union all
    select i.id from jobs.lease l cross join lateral unnest(l.ids) with ordinality as i(id, slot)
    where l.unfinished & (1::bigint << (i.slot - 1)::int) <> 0),
  blocked as (
    select i.id from jobs.scheduled s, unnest(s.ids) as i(id) where s.run_at = 'infinity'),
  pending as (select d.* from jobs.dependency d where d.outcome is null)
  select 'blocked, and nothing is waited for', b.id, null::text
  from blocked b
  join jobs.job_state s on s.id = b.id
  join jobs.job j on j.id = b.id
  where coalesce(s.data, j.options) ->> 'blocked' = 'depends_on'
    and not exists (select from jobs.waiter w where w.id = b.id)
  union all
  select 'a wait of a job that is not blocked', w.id, format('ord %s', w.ord)
  from jobs.waiter w
  where w.ord is not null and not exists (select from blocked b where b.id = w.id)
  union all
  select 'a wait that is over', case when w.ord is not null then w.id end,
    case when w.ord is null then format('batch %s', w.id) end
  from jobs.waiter w
  left join jobs.batch b on b.id = w.id
  where b.finished_at is null and not exists (select from pending p where p.waiter = w.id)
    and (w.ord is not null or exists (select from jobs.dependency d where d.waiter = w.id))
  union all
  select 'a wait for a job that has ended', p.job, format('of %s', p.waiter)
  from pending p
  where p.job <> p.waiter and not exists (select from live l where l.id = p.job)
    and exists (select from jobs.waiter w where w.id = p.waiter)
  union all
  select 'a finished batch that waits', p.job, format('batch %s', b.id)
  from pending p join jobs.batch b on b.id = p.waiter where b.finished_at is not null
  union all
  select 'a batch that cannot be finished', null, format('batch %s', b.id)
  from jobs.batch b
  where b.finished_at is null and not exists (select from jobs.waiter w where w.id = b.id)
$$;
