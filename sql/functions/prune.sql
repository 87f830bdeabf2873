-- Up to max_jobs (default 10000) jobs that ended longer ago than their queue keeps them
-- (configure_queue) are gone, and with the oldest of them the partitions of job and event that hold
-- nothing else; so are as many results that are over before their jobs, and as many events of
-- users' streams whose category has a policy (configure_category). Oldest first; a job that has not
-- ended is never touched. Call it until it returns no row.
--   dry_run  nothing changes: what would go if it were called until then. It reads all of that
-- Returns a row per state and queue: how many went, when the first and the last of them ended. So
-- for `result`; for `batch`, which goes after its jobs; for `event`, by category; and for
-- `partition`, by name (jobs: how many it still held, which are in a smaller one now: _compact).
-- None, if another prune is doing the same: it may run anywhere at any time. SQLSTATE JB002.
-- Locks: its marks and the jobs' rows, skipping what is locked; dropping a partition takes an
-- exclusive lock for a moment and gives up after 100 ms, so call it in autocommit.
-- Writes: job, event (results), prune_mark, compaction, unique_key, batch, stream_event, category,
-- snapshot; makes and drops partitions.
create or replace function jobs.prune(max_jobs int default 10000, dry_run boolean default false)
returns table (state text, jobs bigint, name text, oldest timestamptz, newest timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
  _upto bigint := jobs._safe_pos();   -- before anything here touches the log
  _age record;
  _gone record;
  _left int := max_jobs;
  _done boolean;   -- nothing had to go
begin
  perform jobs._check_max_jobs(max_jobs);
  return query
    select 'event', s.events, s.category, s.oldest, s.newest
    from jobs._prune_streams(max_jobs, dry_run) as s;
  return query
    select 'batch', b.batches, null::text, b.oldest, b.newest
    from jobs._prune_batches(max_jobs, _now, dry_run) as b where b.batches > 0;
  if dry_run then
    return query select * from jobs._prunable(_now, _upto);
    return;
  end if;
  for _age in
    select distinct r.state, r.seconds from jobs._retention r where r.state <> 'result'
    order by 1, 2
  loop
    for _gone in
      select q.name, sum(p.jobs)::bigint as jobs, min(p.oldest) as oldest, max(p.newest) as newest
      from jobs._prune_jobs(_age.state, _age.seconds, _now, _upto, _left, _left < max_jobs) as p
      join jobs.queue q on q.id = p.queue_id
      group by 1 order by 1
    loop
      _left := _left - _gone.jobs;
      return query select _age.state, _gone.jobs, _gone.name, _gone.oldest, _gone.newest;
    end loop;
  end loop;
  _done := _left = max_jobs;
  return query
    select 'result', sum(p.jobs)::bigint, q.name, min(p.oldest), max(p.newest)
    from (select distinct r.seconds from jobs._retention r where r.state = 'result') as a
    cross join lateral jobs._prune_results(a.seconds, _now, _upto, max_jobs) as p
    join jobs.queue q on q.id = p.queue_id
    group by q.name order by q.name;
  _done := _done and not found;
  return query
    select 'partition', p.jobs, p.name, null::timestamptz, null::timestamptz
    from jobs._drop_partitions() as p;
  if _done and not found and max_jobs > 0 then
    return query
      select 'partition', p.jobs, p.name, null::timestamptz, null::timestamptz
      from jobs._compact(_upto) as p;
  end if;
end $$;
