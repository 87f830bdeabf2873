-- How many jobs of the queue are claimed before this one: those of higher priority, and those of
-- its own that became ready before it, or whose turn is before its own (fair_key). It looks at
-- 10,000 blocks at most. Null for a job that is not ready.
create or replace function jobs._gate_position(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  _most constant int := 10000;
  _blocks int := 0;
  _higher bigint := 0;
  _same bigint := 0;
  _lane record;
  _found record;
  _round bigint := (
    select f.round from jobs.fair_line f
    where f.queue_id = job.queue_id and f.priority = job.priority
      and f.key = job.options ->> 'fair_key' and f.ord = job.ord);
begin
  if job.ord is null then
    return null;
  end if;
  for _lane in
    select p.priority, coalesce(l.soft[array_position(l.priorities, p.priority)], 0) as soft
    from (select distinct d.priority from jobs.queue_priority d
      where d.queue_id = job.queue_id and d.priority >= job.priority) as p
    left join lateral (
      select * from jobs.lane a where a.queue_id = job.queue_id order by a.ver desc limit 1) as l
      on true
    order by p.priority desc
  loop
    exit when _blocks >= _most;
    select count(*)::int as blocks, coalesce(sum(cardinality(b.ids)), 0)::bigint as jobs into _found
    from (
      (select r.ids from jobs.ready r
       where r.queue_id = job.queue_id and r.priority = _lane.priority and r.ord >= _lane.soft
         and (_lane.priority > job.priority or r.ord < job.ord)
       order by r.ord limit _most - _blocks)
      union all
      (select f.ids from jobs.fair_line f
       where f.queue_id = job.queue_id and f.priority = _lane.priority
         and (_lane.priority > job.priority or case when _round is null then f.ord < job.ord
           else (f.round, f.ord) < (_round, job.ord) end)
       order by f.round, f.ord limit _most - _blocks)) as b;
    _blocks := _blocks + _found.blocks;
    if _lane.priority > job.priority then
      _higher := _higher + _found.jobs;
    else
      _same := _found.jobs;
    end if;
  end loop;
  return jobs._gate('position', _higher + _same = 0,
    case when _higher + _same = 0 then 'no job of its queue is ahead of it'
      else format('ahead of it in its queue: %s%s, %s of higher priority, %s of its own',
        case when _blocks >= _most then 'at least ' end, jobs._count(_higher + _same, 'job'),
        jobs._in_figures(_higher), jobs._in_figures(_same)) end,
    case when _higher + _same > 0 then
      'Wait, add workers (or --concurrency), or enqueue what is urgent with a higher priority.' end,
    jsonb_build_object('ahead', _higher + _same, 'higher_priority', _higher,
      'same_priority', _same, 'cut_off', _blocks >= _most));
end $$;
