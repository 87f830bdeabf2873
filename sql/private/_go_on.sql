-- What these waiters waited for has ended, or has failed: batches are finished, blocked jobs are
-- ready (scheduled, if their time has not come), dead or cancelled. Returns the latter two.
-- Locks and writes: waiter (which the caller has locked), scheduled, event, ready; batch.
create or replace function jobs._go_on(waiters bigint[], out dead bigint[], out cancelled bigint[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _waits record;      -- blocked jobs and what becomes of them, side by side
  _row record;
  _state jobs.job_state;
  _block jobs.ready;
  _found bigint[] := array[]::bigint[];
begin
  dead := array[]::bigint[];
  cancelled := array[]::bigint[];
  perform jobs._finish_batch(w.id)
  from unnest(waiters) as u(id)
  cross join lateral (
    select a.id from jobs.waiter a where a.id = u.id and a.ord is null offset 0) as w;
  with gone as (
    delete from jobs.waiter w
    where w.ctid = any(array(
      select r.row_id from unnest(waiters) as u(id)
      cross join lateral (
        select a.ctid as row_id from jobs.waiter a
        where a.id = u.id and a.ord is not null offset 0) as r))
    returning w.*)
  select array_agg(g.id) as ids, array_agg(g.ord) as ords,
    array_agg(case when f.job is null then 'ready' else g.on_dependency_failure end) as fates,
    array_agg(format('it depends on job %s, which is %s', f.job, f.outcome)) as reasons,
    array_agg(case when f.job is null and g.run_at > jobs.now() then g.run_at end) as dues
  into _waits
  from gone g
  left join lateral (
    select d.job, d.outcome from jobs.dependency d
    where d.waiter = g.id and d.outcome in ('dead', 'cancelled', 'discarded')
      and g.on_dependency_failure <> 'ignore'
    order by d.job limit 1) as f on true;
  for _row in
    with found as (
      delete from jobs.scheduled where ctid = any(array(
        select s.row_id from unnest(_waits.ids, _waits.ords) as u(id, ord)
        cross join lateral (
          select a.ctid as row_id from jobs.scheduled a
          where a.run_at = 'infinity' and a.ord = u.ord offset 0) as s))
      returning *),
    numbered as (
      select n.*, u.id, u.fate, u.reason, u.due,
        row_number() over (
          partition by n.queue_id, n.kind_id, n.priority, n.attempt, n.claims, n.flags, n.lease_ms,
            n.timeout_ms, n.routing_key, u.fate, u.reason, u.due, u.id >> 10
          order by u.id) as nth
      from unnest(_waits.ids, _waits.fates, _waits.reasons, _waits.dues) as u(id, fate, reason, due)
      join found n on n.ids[1] = u.id)
    select row(null, queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms,
        routing_key, array_agg(id order by id))::jobs.ready as block, fate, reason, due
    from numbered
    group by queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms, routing_key,
      fate, reason, due, id >> 10, (nth - 1) / 60
    order by min(id)
  loop
    _block := _row.block;
    _found := _found || _block.ids;
    perform jobs._unblock(_block, _row.fate, _row.reason, _row.due);
  end loop;
  -- the others: cancelled meanwhile; or put elsewhere, as a key's job that was replaced
  for _row in
    select u.id, u.fate, u.reason
    from unnest(_waits.ids, _waits.fates, _waits.reasons) as u(id, fate, reason)
    where cardinality(_found) < cardinality(_waits.ids) and u.id <> all(_found)
  loop
    loop
      select * into _state from jobs.job_state s where s.id = _row.id;
      exit when _state.state is distinct from 'blocked';
      _block := jobs._withdraw(_state);
      if _block.ids is not null then
        _found := _found || _row.id;
        perform jobs._unblock(_block, _row.fate, _row.reason,
          case when _state.run_at > jobs.now() then _state.run_at end);
        exit;
      end if;
      perform jobs._check_may_retry(_row.id, 1);
    end loop;
  end loop;
  select coalesce(array_agg(u.id) filter (where u.fate = 'fail'), '{}'),
    coalesce(array_agg(u.id) filter (where u.fate = 'cancel'), '{}')
  into dead, cancelled
  from unnest(_waits.ids, _waits.fates) as u(id, fate)
  where u.fate <> 'ready' and u.id = any(_found);
end $$;
