-- What prune would remove of jobs if it were called until it has nothing left: its rows. Nothing
-- changes.
create or replace function jobs._prunable(now timestamptz, upto_pos bigint)
returns table (state text, jobs bigint, name text, oldest timestamptz, newest timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _age record;
  _row record;
  _max int := (select s.max_kept_jobs from jobs.setting s);
  _ids bigint[] := array[]::bigint[];   -- that would go
begin
  for _age in
    select r.state, r.seconds, _prunable.now - r.seconds * interval '1 s' as cutoff,
      array_agg(r.queue_id) as queue_ids, coalesce((
        select m.pos from jobs.prune_mark m where (m.state, m.seconds) = (r.state, r.seconds)),
        0) as mark
    from jobs._retention r group by 1, 2 order by 1, 2
  loop
    for _row in
      select q.name, count(*) as jobs, min(o.at) as oldest, max(o.at) as newest,
        array_agg(o.id) as ids
      from jobs._old_jobs(_age.state, _age.queue_ids, _age.cutoff, _age.mark, upto_pos) as o
      join jobs.queue q on q.id = o.queue_id
      group by 1 order by 1
    loop
      return query select _age.state, _row.jobs, _row.name, _row.oldest, _row.newest;
      _ids := _ids || case when _age.state <> 'result' then _row.ids end;
    end loop;
  end loop;
  return query
    select 'partition', case when p.parent = 'job' then l.n - lag(l.n, 1, 0::bigint) over (
        partition by p.parent order by p.high) else 0 end,
      p.name, null::timestamptz, null::timestamptz
    from jobs._partitions() as p
    cross join lateral (
      select count(*) as n from (
        select from jobs.job j where j.id < p.high and j.id <> all(_ids) limit _max + 1) as j) as l
    where p.high <= upto_pos and l.n <= _max and (l.n = 0 or p.name !~ '_upto_\d+$')
      and (not p.fixed or l.n = 0 and pg_relation_size(p.name::regclass) > 0);
end $$;
