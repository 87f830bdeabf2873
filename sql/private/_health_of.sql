-- What health does, with the owner's rights, with what it has seen of sessions and standbys.
create or replace function jobs._health_of(
  sessions jsonb, standbys jsonb, sees_all boolean, due_for interval, stuck_for interval,
  lag_for interval, tick_for interval, held_for interval, held_xids bigint, paused_for interval,
  dead_within interval, max_dead int, max_dead_rows bigint, used numeric)
returns setof jobs.health_check
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if not coalesce(
    least(due_for, stuck_for, lag_for, tick_for, held_for, paused_for, dead_within) > interval '0'
      and num_nulls(due_for, stuck_for, lag_for, tick_for, held_for, paused_for, dead_within) = 0
      and least(held_xids, max_dead, max_dead_rows) >= 1
      and num_nulls(held_xids, max_dead, max_dead_rows) = 0
      and used > 0 and used < 1, false) then
    perform jobs._raise_invalid('a threshold of health is out of range',
      'Intervals are over 0, numbers at least 1, used is between 0 and 1; leave out what is to '
      'have its default.');
  end if;
  return query
    select c.* from unnest(array[
      jobs._health_due(due_for),
      jobs._health_stuck(stuck_for),
      jobs._health_workers(due_for),
      jobs._health_tick(tick_for),
      jobs._health_leases(tick_for),
      jobs._health_dead(dead_within, max_dead),
      jobs._health_paused(paused_for),
      jobs._health_schedules(tick_for),
      jobs._health_subscriptions(lag_for),
      jobs._health_consumers(stuck_for),
      jobs._health_transactions(sessions, sees_all, lag_for),
      jobs._health_vacuum(sessions, standbys, sees_all, held_for, held_xids),
      jobs._health_bloat(max_dead_rows),
      jobs._health_autovacuum(),
      jobs._health_partitions(),
      jobs._health_notify(used),
      jobs._health_ids(used)]) as c;
end $$;
