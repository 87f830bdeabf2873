-- Where a job is and what it needs to be claimed; null if there is no such job. A waiting job's
-- block is found as _withdraw finds it.
create or replace function jobs._facts_of(id bigint)
returns jobs.job_facts
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
set enable_sort = off
as $$
declare
  _job jobs.job_facts;
begin
  select s.id, s.state, s.since, s.since_pos, s.data, j.options, j.queue_id, s.queue, j.kind_id,
    coalesce(k.alias_of, k.name), j.priority, s.attempt, null::int, null::smallint,
    coalesce(j.options ->> 'routing_key', ''), s.run_at,
    null::bigint, case when s.state = 'running' then s.claim end
  into _job
  from jobs.job_state s
  join jobs.job j on j.id = s.id
  join jobs.kind k on k.id = j.kind_id
  where s.id = _facts_of.id;
  if _job.state = 'ready' and _job.options ? 'fair_key' then
    select f.ord, f.claims, f.flags into _job.ord, _job.claims, _job.flags
    from jobs.fair_line f
    where f.queue_id = _job.queue_id and f.priority = _job.priority
      and f.key = _job.options ->> 'fair_key' and f.ord > _job.since_pos and _job.id = any(f.ids)
    order by f.ord limit 1;
  elsif _job.state = 'ready' then
    select r.ord, r.claims, r.flags into _job.ord, _job.claims, _job.flags
    from jobs.ready r
    where r.queue_id = _job.queue_id and r.priority = _job.priority and r.ord > _job.since_pos
      and _job.id = any(r.ids)
    order by r.ord limit 1;
  elsif _job.state in ('scheduled', 'blocked') then
    select s.claims, s.flags into _job.claims, _job.flags
    from jobs.scheduled s
    where (s.run_at, s.ord) > (coalesce(_job.run_at, 'infinity'), _job.since_pos)
      and _job.id = any(s.ids)
    order by s.run_at, s.ord limit 1;
  elsif _job.state = 'running' then
    select l.claims, l.flags into _job.claims, _job.flags
    from jobs.lease l where l.claim = _job.claim;
  end if;
  return _job;
end $$;
