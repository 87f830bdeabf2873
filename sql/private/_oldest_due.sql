-- Since when the job that is due longest has been due, for each queue that has one and is not
-- paused: ready since, or its time was at. What is scheduled for later does not count.
create or replace function jobs._oldest_due()
returns table (queue_id int, due_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    select d.queue_id, min(d.due_at)
    from (
      select h.queue_id, (select s.since from jobs.job_state s where s.id = h.id) as due_at
      from (
        select distinct on (b.queue_id, b.priority) b.queue_id, b.id
        from jobs._heads(1000) b order by b.queue_id, b.priority, b.ord) as h
      union all
      select o.queue_id, o.run_at
      from (
        select s.queue_id, s.kind_id, s.run_at from jobs.scheduled s
        where s.run_at >= (
            select r.scheduled_floor from jobs.register r order by r.ver desc limit 1)
          and s.run_at <= jobs.now()
        order by s.run_at limit 1000) as o
      where not jobs._is_paused(o.queue_id, o.kind_id)) as d
    group by 1;
end $$;
