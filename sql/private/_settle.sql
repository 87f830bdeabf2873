-- What becomes of slots that ended without a terminal outcome: cancelled if that was requested,
-- dead if the reason or a budget says so, else back in the queue, at once or later.
--   lease     as _finish returned it
--   slots     which of its ids
--   type      failed, expired, released or snoozed
--   error     kept with the event; null for none
--   delay     until they may run again; null: by the job's backoff
--   reason    of fail, or null
--   charge    does the attempt count? null: by the kind's charge_lost
-- Returns a row per id: its attempts charged, what it is now, and why if it is dead.
-- Writes: event; ready, scheduled; job for on_dead.
create or replace function jobs._settle(
  lease jobs.lease, slots bigint, type jobs.transition, error jsonb, delay interval, reason text,
  charge boolean)
returns table (id bigint, attempt int, status text, reason_dead text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _group record;
  _block jobs.ready;
  _run_at timestamptz;
begin
  for _group in
    select f.fate, f.kind_id, f.kind, f.on_dead, f.routing_key, f.backoff, f.charged,
      array_agg(f.id order by f.id) as ids
    from (
      select s.slot, p.*, c.charged,
        case
          when lease.cancel & s.bit <> 0 then 'cancelled'
          when reason in ('aborted', 'undecodable', 'rejected') then reason
          when type = 'snoozed' then 'live'
          when lease.claims >= p.max_claims then 'abandoned'
          when c.charged >= p.max_attempts and type = 'expired' then 'abandoned'
          when c.charged >= p.max_attempts then coalesce(reason, 'exhausted')
          else 'live' end as fate
      from (
        select u.id, u.slot, 1::bigint << (u.slot - 1)::int as bit
        from unnest(lease.ids) with ordinality as u(id, slot)) as s
      join jobs._policy p on p.id = s.id
      cross join lateral (
        select lease.attempt - (not coalesce(charge, p.charge_lost))::int as charged) as c
      where slots & s.bit <> 0) as f
    group by 1, 2, 3, 4, 5, 6, 7
    order by min(f.slot)
  loop
    status := _group.fate;
    reason_dead := null;
    if _group.fate = 'cancelled' then
      perform jobs._log('cancelled', lease.queue_id, _group.charged, _group.ids, lease.claim,
        array_fill(jsonb_strip_nulls(jsonb_build_object('error', error)),
          array[cardinality(_group.ids)]));
      if lease.flags & 2 <> 0 then
        perform jobs._ended(_group.ids, 'cancelled');
      end if;
    elsif _group.fate <> 'live' then
      perform jobs._bury(lease.queue_id, _group.charged, lease.claim, lease.flags, _group.ids,
        _group.fate, error);
      status := 'dead';
      reason_dead := _group.fate;
    else
      _run_at := jobs.now() + coalesce(delay, jobs.backoff_delay(_group.backoff,
        greatest(1, case when charge then _group.charged else lease.claims end), random()));
      if _run_at <= jobs.now() then
        _run_at := null;
      end if;
      status := case when _run_at is null then 'ready' else 'scheduled' end;
      perform jobs._log(type, lease.queue_id, _group.charged, _group.ids, lease.claim,
        array_fill(jsonb_strip_nulls(jsonb_build_object('run_at', _run_at, 'reason', reason))
          || case when error is null then '{}' else jsonb_build_object('error', error) end,
          array[cardinality(_group.ids)]));
      _block := row(null, lease.queue_id, _group.kind_id, lease.priority, _group.charged,
        case when type = 'snoozed' then 0 else lease.claims end, lease.flags & ~1,
        case when lease.flags & 1 = 1 then lease.lease_ms else 0 end, lease.timeout_ms,
        _group.routing_key, _group.ids);
      perform jobs._put(_block, _run_at);
      if lease.flags & 4 <> 0 then
        perform jobs._pass_on(_group.ids, false);
      end if;
    end if;
    attempt := _group.charged;
    foreach id in array _group.ids loop
      return next;
    end loop;
  end loop;
end $$;
