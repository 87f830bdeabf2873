-- A row per kind: how many of its jobs are ready, scheduled, blocked and running now; how many
-- ended otherwise than well within the window (failed: attempts that will be retried); how long its
-- job that is due longest has been due; when the next scheduled one is. Nothing changes. What was
-- completed is counted by queue only (stats): the log does not say of which kind, and to look up
-- each job would cost more than the job did. A worker's metrics have it by kind.
--   "window"  how far back, default 1 hour
create or replace function jobs.stats_by_kind("window" interval default '1 hour')
returns table (
  kind text, paused boolean, ready bigint, scheduled bigint, blocked bigint, running bigint,
  failed bigint, dead bigint, cancelled bigint, skipped bigint, discarded bigint,
  oldest_due_age interval, next_run_at timestamptz)
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
    with current as (   -- an alias counts as its kind
      select k.id, coalesce(c.id, k.id) as kind_id
      from jobs.kind k left join jobs.kind c on c.name = k.alias_of),
    waiting as (
      select c.kind_id, sum(cardinality(r.ids))::bigint as n,
        min(array[r.ord, r.ids[1]]) as first   -- of its oldest block: the place, a job
      from jobs._all_ready r join current c on c.id = r.kind_id group by 1),
    later as (
      select c.kind_id,
        sum(cardinality(s.ids)) filter (where s.run_at < 'infinity')::bigint as n,
        sum(cardinality(s.ids)) filter (where s.run_at = 'infinity')::bigint as blocked,
        min(s.run_at) filter (where s.run_at < 'infinity') as next_run_at
      from jobs.scheduled s join current c on c.id = s.kind_id group by 1),
    held as (
      select c.kind_id, count(*) as n
      from jobs.lease l
      cross join lateral unnest(l.ids) with ordinality as i(id, slot)
      join jobs.job j on j.id = i.id
      join current c on c.id = j.kind_id
      where l.unfinished & (1::bigint << (i.slot - 1)::int) <> 0
      group by 1),
    ended as (
      select c.kind_id,
        count(*) filter (where r.type = 'failed') as failed,
        count(*) filter (where r.type = 'dead') as dead,
        count(*) filter (where r.type = 'cancelled') as cancelled,
        count(*) filter (where r.type = 'skipped') as skipped,
        count(*) filter (where r.type = 'discarded') as discarded
      from jobs.rare_event r
      join jobs.event e on e.pos = r.pos and e.at >= _since
      cross join lateral unnest(e.ids) as i(id)
      join jobs.job j on j.id = i.id
      join current c on c.id = j.kind_id
      where r.pos >= _from
        and r.type in ('failed', 'dead', 'cancelled', 'skipped', 'discarded')
      group by 1)
    select k.name, jobs._is_paused(null, k.id), coalesce(w.n, 0),
      coalesce(s.n, 0), coalesce(s.blocked, 0), coalesce(h.n, 0), coalesce(e.failed, 0),
      coalesce(e.dead, 0), coalesce(e.cancelled, 0), coalesce(e.skipped, 0),
      coalesce(e.discarded, 0),
      greatest(
        _now - (select t.since from jobs.job_state t where t.id = w.first[2]),
        case when s.next_run_at <= _now then _now - s.next_run_at end),
      s.next_run_at
    from jobs.kind k
    left join waiting w on w.kind_id = k.id
    left join later s on s.kind_id = k.id
    left join held h on h.kind_id = k.id
    left join ended e on e.kind_id = k.id
    where k.alias_of is null
    order by k.name collate "C";
end $$;
