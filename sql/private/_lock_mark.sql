-- The mark of the walk through the log for this state and age, which nobody else moves until this
-- transaction ends; null, having written nothing, if nothing after it is older than the cutoff, or
-- if another transaction has it. Locks: the row of prune_mark, not waiting for it; where it has
-- yet to be made an advisory lock, tried and not waited for.
create or replace function jobs._lock_mark(
  state text, seconds numeric, cutoff timestamptz, upto_pos bigint)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _mark bigint := (
    select m.pos from jobs.prune_mark m where (m.state, m.seconds) = (state, seconds));
  _first timestamptz := jobs._first_at(state, coalesce(_mark, 0), upto_pos);
begin
  if _first is null or _first >= cutoff and _first <= jobs.now() then
    return null;
  end if;
  if _mark is null then
    -- an insert would wait for another that is not committed
    if not pg_try_advisory_xact_lock(29816, 'jobs.prune_mark'::regclass::oid::int) then
      return null;
    end if;
    insert into jobs.prune_mark (state, seconds, pos) values (state, seconds, 0)
    on conflict on constraint prune_mark_pk do nothing;
  end if;
  select m.pos into _mark from jobs.prune_mark m where (m.state, m.seconds) = (state, seconds)
  for update skip locked;
  return _mark;
end $$;
