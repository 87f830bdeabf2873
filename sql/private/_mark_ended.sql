-- The rows of these jobs say how they ended; those of `last` are locked before. Returns which other
-- waiters have no free job left (_has_free), so that theirs ought to have been locked as well.
-- Locks: waiter, by id. Writes: dependency.
create or replace function jobs._mark_ended(
  ids bigint[], outcome jobs.transition, waiters bigint[], last bigint[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _highest bigint := ids[cardinality(ids)];
  _id bigint;
begin
  foreach _id in array last loop
    perform from jobs.waiter w where w.id = _id for update;
  end loop;
  update jobs.dependency d set outcome = _mark_ended.outcome
  where d.ctid = any(array(
    select r.row_id from unnest(ids) as u(id)
    cross join lateral (
      select p.ctid as row_id from jobs.dependency p
      where p.job = u.id and p.outcome is null offset 0) as r));
  return array(
    select w.id from unnest(waiters) as w(id)
    where w.id <> all(last) and not jobs._has_free(w.id, _highest, _highest + 1));
end $$;
