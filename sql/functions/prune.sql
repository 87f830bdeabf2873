-- Up to max_jobs (default 10000) jobs that ended longer ago than their queue keeps them (keep,
-- keep_dead) are gone, and with the oldest of them the partitions of job and event that hold
-- nothing else. Jobs that have not ended are never touched. So are as many events of users' streams
-- whose category has a policy (configure_category). Call it until it returns no row: each call
-- looks at the oldest first.
-- Returns a row per state: how many jobs went; and one for `event`. SQLSTATE JB002.
-- Locks: the jobs' rows, skipping what is locked; dropping a partition takes an exclusive lock for
-- a moment and gives up after 100 ms. Writes: job, stream_event, category, snapshot; drops
-- partitions.
create or replace function jobs.prune(max_jobs int default 10000)
returns table (state text, jobs bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
  _old bigint[];
  _events bigint;
begin
  perform jobs._check_max_jobs(max_jobs);
  _events := jobs._prune_streams(max_jobs);
  -- Locked by one statement, deleted by the next: a retry that was committed after the first took
  -- its snapshot, and before it came to the job's row, shows in the second.
  _old := array(
    select j.id
    from jobs.job j
    join jobs.queue q on q.id = j.queue_id
    join jobs.job_state s on s.id = j.id
    where j.created_at < _now - least(q.keep, q.keep_dead)
      and s.state not in ('ready', 'scheduled', 'blocked', 'running')
      and s.since < _now - case s.state when 'dead' then q.keep_dead else q.keep end
    order by j.id limit max_jobs
    for update of j skip locked);
  return query
    with gone as (
      delete from jobs.job j using jobs.job_state s
      where j.id = any(_old) and s.id = any(_old) and s.id = j.id
        and s.state not in ('ready', 'scheduled', 'blocked', 'running')
      returning s.state)
    select g.state, count(*) from gone g group by 1 order by 1;
  if _old <> '{}' then
    perform jobs._note_pruned('job', _old[cardinality(_old)]);
  end if;
  perform jobs._drop_partitions();
  if _events > 0 then
    return query select 'event', _events;
  end if;
end $$;
