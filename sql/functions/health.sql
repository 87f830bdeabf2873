-- Is the installation well? A row per check, cheap enough for every minute: it reads a bounded
-- number of rows however long the queues are (verify reads everything). Nothing changes.
--   due_for        how long a due job may wait, default 5 min
--   stuck_for      how long a queue or a consumer may have work and not get on, default 10 min
--   lag_for        how long events may wait for their jobs, and a transaction hold locks on the
--                  tables of jobs, default 1 min
--   tick_for       how long nobody may tick, look at schedules, or reset leases, default 30 s
--   held_for       how long vacuum may be held back, default 10 min
--   held_xids      the same in transactions, for what has no time of its own, default 1,000,000
--   paused_for     how long something may be paused, default 1 day
--   dead_within    the window in which deaths count, default 1 hour
--   max_dead       how many, default 1
--   max_dead_rows  how many dead rows a table may have, default 100,000
--   used           which share of a limit may be used, default 0.5
-- From a threshold on a check is a `warning`, from ten times of it on `critical` (a share: from
-- half of what is left above it). Returns name, status (else `ok`), what it saw, why that matters,
-- what can be done (null if ok), and the same in figures as detail.
-- It runs with its caller's rights, since it is these that tell which sessions can be seen: a role
-- without pg_read_all_stats sees less of others', and is told so. SQLSTATE JB002.
create or replace function jobs.health(
  due_for interval default '5 min', stuck_for interval default '10 min',
  lag_for interval default '1 min', tick_for interval default '30 s',
  held_for interval default '10 min', held_xids bigint default 1000000,
  paused_for interval default '1 day', dead_within interval default '1 hour',
  max_dead int default 1, max_dead_rows bigint default 100000, used numeric default 0.5)
returns setof jobs.health_check
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _sees_all boolean := pg_has_role('pg_read_all_stats', 'usage');
  _sessions jsonb;   -- that are in a transaction, of this database
  _standbys jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('pid', a.pid, 'user', a.usename,
      'application', a.application_name, 'state', a.state, 'xact_start', a.xact_start,
      'query_start', a.query_start, 'xmin_age', greatest(age(a.backend_xmin), age(a.backend_xid)))
    order by a.xact_start, a.pid), '[]')
  into _sessions
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid()
    and coalesce(a.backend_type, 'client backend') not in ('autovacuum worker', 'walsender')
    and (a.backend_xmin is not null or a.backend_xid is not null or a.xact_start is not null);
  select coalesce(jsonb_agg(jsonb_build_object('pid', r.pid, 'user', r.usename,
      'application', r.application_name, 'address', host(r.client_addr),
      'xmin_age', age(r.backend_xmin))), '[]')
  into _standbys
  from pg_stat_replication r where r.backend_xmin is not null;
  return query
    select * from jobs._health_of(_sessions, _standbys, _sees_all, due_for, stuck_for, lag_for,
      tick_for, held_for, held_xids, paused_for, dead_within, max_dead, max_dead_rows, used);
end $$;
