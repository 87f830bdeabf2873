-- A row per queue: how many of its jobs are ready, scheduled, blocked and running now; how many
-- ended in each way within the window (failed: attempts that will be retried); how long the oldest
-- ready block has been ready, by its jobs' enqueuing or promotion; when the next scheduled job is
-- due; why it is paused, if that is known (list_pauses has kinds too); how long the job that is
-- due longest has been due, ready or not: what is scheduled for later does not count. Nothing
-- changes.
--   "window"  how far back, default 1 hour
create or replace function jobs.stats("window" interval default '1 hour')
returns table (
  queue text, paused boolean, ready bigint, scheduled bigint, blocked bigint, running bigint,
  completed bigint, failed bigint, dead bigint, cancelled bigint, skipped bigint, discarded bigint,
  oldest_ready_age interval, next_run_at timestamptz, pause_reason text,
  oldest_due_age interval)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
  _since timestamptz := jobs.now() - "window";
  _from bigint := jobs._pos_at(_since);
begin
  return query
    with waiting as (
      select r.queue_id, sum(cardinality(r.ids))::bigint as n, min(r.ord) as first_ord
      from jobs._all_ready r group by 1),
    later as (
      select s.queue_id,
        sum(cardinality(s.ids)) filter (where s.run_at < 'infinity')::bigint as n,
        sum(cardinality(s.ids)) filter (where s.run_at = 'infinity')::bigint as blocked,
        min(s.run_at) filter (where s.run_at < 'infinity') as next_run_at
      from jobs.scheduled s group by 1),
    held as (
      select l.queue_id, sum(bit_count(l.unfinished::bit(64)))::bigint as n from jobs.lease l
        group by 1),
    ended as (
      select e.queue_id,
        sum(cardinality(e.ids)) filter (where e.type = 'completed') as completed,
        sum(cardinality(e.ids)) filter (where e.type = 'failed') as failed,
        sum(cardinality(e.ids)) filter (where e.type = 'dead') as dead,
        sum(cardinality(e.ids)) filter (where e.type = 'cancelled') as cancelled,
        sum(cardinality(e.ids)) filter (where e.type = 'skipped') as skipped,
        sum(cardinality(e.ids)) filter (where e.type = 'discarded') as discarded
      from jobs.event e where e.pos >= _from and e.at >= _since group by 1)
    select q.name, jobs._is_paused(q.id), coalesce(w.n, 0), coalesce(s.n, 0),
      coalesce(s.blocked, 0), coalesce(h.n, 0),
      coalesce(e.completed, 0), coalesce(e.failed, 0), coalesce(e.dead, 0),
        coalesce(e.cancelled, 0),
      coalesce(e.skipped, 0), coalesce(e.discarded, 0),
      o.age,
      s.next_run_at,
      (select p.reason from jobs.pause p
       where p.queue_id = q.id and p.reason is not null order by p.id limit 1),
      greatest(o.age, case when s.next_run_at <= _now then _now - s.next_run_at end)
    from jobs.queue q
    left join waiting w on w.queue_id = q.id
    left join later s on s.queue_id = q.id
    left join held h on h.queue_id = q.id
    left join ended e on e.queue_id = q.id
    left join lateral (
      select _now - t.since as age from jobs._all_ready r
      join jobs.job_state t on t.id = r.ids[1]
      where r.queue_id = q.id and r.ord = w.first_ord limit 1) as o on true
    order by q.name;
end $$;
