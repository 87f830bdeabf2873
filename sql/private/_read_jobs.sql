-- Jobs' transitions of these types, as _read.
create or replace function jobs._read_jobs(
  after_pos bigint, upto_pos bigint, max_events int, transitions jobs.transition[])
returns setof jobs.log_event
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _rare boolean := transitions <@ '{failed,dead,cancelled,skipped,discarded,retried}';
begin
  return query
    with enqueued as (
      select j.id as job_id, j.id as pos, j.created_at as at, 'enqueued' as type, j.queue_id,
        0 as attempt, null::uuid as worker,
        nullif(j.options - 'retried', '{}') as data
      from jobs.job j
      where 'enqueued' = any(transitions) and j.id > after_pos and j.id <= upto_pos
      order by j.id limit max_events),
    rare as (
      select e.*
      from (
        select r.pos
        from unnest(transitions) as t(type)
        cross join lateral (
          select a.pos from jobs.rare_event a
          where _rare and a.type = t.type and a.pos > after_pos and a.pos <= upto_pos
          order by a.pos limit max_events) as r
        order by r.pos limit max_events) as p
      cross join lateral (select * from jobs.event a where a.pos = p.pos limit 1) as e),
    any_type as (
      select e.* from jobs.event e
      where not _rare and transitions <> '{enqueued}' and e.type = any(transitions)
        and e.pos > after_pos and e.pos <= upto_pos
      order by e.pos limit max_events),
    changed as (select * from rare union all select * from any_type),
    merged as (
      select * from enqueued
      union all
      select i.id, c.pos, c.at, c.type::text, c.queue_id, c.attempt::int, c.worker, c.data[i.nth]
      from changed c cross join lateral unnest(c.ids) with ordinality as i(id, nth)),
    ranked as (select b.*, dense_rank() over (order by b.pos) as nth from merged b)
    select r.pos, r.at, 'job-' || r.job_id, null::bigint, 'job.' || r.type, 1, null::uuid,
      j.options -> 'headers',
      jsonb_build_object('job_id', r.job_id, 'kind', coalesce(k.alias_of, k.name),
        'queue', q.name, 'attempt', r.attempt, 'worker', r.worker, 'data', r.data)
    from ranked r
    join jobs.queue q on q.id = r.queue_id
    left join jobs.job j on j.id = r.job_id
    left join jobs.kind k on k.id = j.kind_id
    where r.nth <= max_events
    order by r.pos, r.job_id;
end $$;
