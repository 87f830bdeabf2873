-- The waiters of these jobs, which have ended, go on if that was the last that they waited for.
-- Returns which blocked jobs are dead or cancelled because of that; the caller tells their waiters.
--
-- Who ends the last job of a waiter must know that it is the last, although others end at the same
-- time, and no counter may be in their way. So each marks its own row, and looks whether another is
-- left that nobody has marked: whoever ends that one looks later, and this call has done its part.
-- If there is none, it must wait for those who are ending the others; two who wait for each other
-- would never end. So it takes its mark back (a subtransaction), locks the waiter, and marks again:
-- who comes second waits before it has marked anything. Only the last few of a waiter do that.
-- Whoever holds the lock waits for those who have marked without it, and they wait for nobody.
create or replace function jobs._end_waits(
  ids bigint[], outcome jobs.transition, out dead bigint[], out cancelled bigint[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  _failed boolean := outcome not in ('completed', 'skipped');
  _waiters bigint[];
  _last bigint[];    -- whose lock is needed
  _more bigint[];
  _ready bigint[];
  _fate record;
begin
  dead := array[]::bigint[];
  cancelled := array[]::bigint[];
  ids := array(select i from unnest(ids) as i order by i);
  perform jobs._forget_waiters(ids);
  _waiters := array(
    select distinct d.waiter from unnest(ids) as u(id)
    cross join lateral (   -- a look-up per id, whatever a plan was made for
      select a.waiter from jobs.dependency a
      where a.job = u.id and a.outcome is null offset 0) as d order by 1);
  if _waiters = '{}' then
    return;
  end if;
  perform jobs._check_may_finish(_waiters);
  _last := array(
    select u.id from unnest(_waiters) as u(id)
    where not jobs._has_free(u.id, ids[cardinality(ids)], ids[1])
      or _failed and exists (
        select from jobs.waiter w where w.id = u.id and w.on_dependency_failure <> 'ignore')
    order by 1);
  loop
    if _last = _waiters then
      perform jobs._mark_ended(ids, outcome, _waiters, _last);
      exit;
    end if;
    begin
      _more := jobs._mark_ended(ids, outcome, _waiters, _last);
      exit when _more = '{}';
      raise exception sqlstate 'JBW01';
    exception when sqlstate 'JBW01' then
      _last := array(select u.id from unnest(_last || _more) as u(id) order by 1);
    end;
  end loop;

  while _last <> '{}' loop
    select array_agg(w.id order by w.id) filter (where w.is_over),
      array_agg(w.id order by w.id)
        filter (where not w.is_over and not jobs._has_free(w.id, ids[1], ids[1]))
    into _ready, _last
    from (
      select w.id,
        _failed and w.on_dependency_failure <> 'ignore' or not exists (
          select from jobs.dependency d where d.waiter = w.id and d.outcome is null) as is_over
      from unnest(_last) as u(id)
      cross join lateral (select * from jobs.waiter a where a.id = u.id offset 0) as w) as w;
    if _ready is not null then
      _fate := jobs._go_on(_ready);
      dead := dead || _fate.dead;
      cancelled := cancelled || _fate.cancelled;
    end if;
    exit when _last is null;
    begin   -- for one who ended another and has not committed; no lock stays
      perform from jobs.dependency d
      where d.waiter = _last[1] and d.outcome is null order by d.job limit 1 for update;
      raise exception sqlstate 'JBW01';
    exception when sqlstate 'JBW01' then
      null;
    end;
  end loop;
  _waiters := array(
    select u.id from unnest(_waiters) as u(id)
    where not exists (select from jobs.waiter w where w.id = u.id));
  perform jobs._forget_ended(_waiters);
end $$;
