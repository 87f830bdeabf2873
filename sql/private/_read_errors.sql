-- The newest events `failed` and `dead` since then, each job of each by itself, at most max_events,
-- of jobs that are there; `cut` on every row if there are more. is_dead: it is a death, and the job
-- has not been retried since.
create or replace function jobs._read_errors(since timestamptz, max_events int)
returns table (
  pos bigint, at timestamptz, queue_id int, kind_id int, job_id bigint, data jsonb,
  is_dead boolean, cut boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  _from bigint := jobs._pos_at(since);
begin
  return query
    with noted as materialized (   -- each branch from the end of its index
      select n.pos from (
        (select r.pos from jobs.rare_event r
         where r.type = 'dead' and r.pos >= _from order by r.pos desc limit max_events + 1)
        union all
        (select r.pos from jobs.rare_event r
         where r.type = 'failed' and r.pos >= _from order by r.pos desc limit max_events + 1)) as n
      order by n.pos desc limit max_events + 1),
    read as materialized (
      select e.pos, e.at, e.type, e.queue_id, i.id, e.data[i.nth] as data,
        row_number() over (order by e.pos desc, i.nth desc) as nth, count(*) over () as found
      from noted n
      cross join lateral (select * from jobs.event a where a.pos = n.pos offset 0) as e
      cross join lateral unnest(e.ids) with ordinality as i(id, nth)
      where e.at >= since),
    -- after a death comes first of all a retry
    changes as (
      select r.pos, r.at, r.type, r.queue_id, r.id, r.data, r.found
      from read r where r.nth <= max_events
      union all
      select r.pos, null, r.type, null, i.id, null, null
      from jobs.rare_event r
      cross join lateral (select * from jobs.event a where a.pos = r.pos offset 0) as e
      cross join lateral unnest(e.ids) as i(id)
      where r.type = 'retried' and r.pos > (select min(n.pos) from noted n)),
    followed as materialized (
      select c.*, lead(c.pos) over (partition by c.id order by c.pos) as next_pos from changes c)
    select f.pos, f.at, f.queue_id, j.kind_id, f.id, f.data,
      f.type = 'dead' and f.next_pos is null, f.found > max_events
    from followed f
    join jobs.job j on j.id = f.id
    where f.type <> 'retried';
end $$;
