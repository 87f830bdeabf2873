-- The leases of these tokens are renewed, from now, by the length that they were claimed with; a
-- job with a timeout not beyond its deadline (claim + lease + timeout).
--   worker  whose registry row is touched, at most once a minute (an idle worker writes nothing);
--           default none
-- Returns a row only for a token that is `lost` (stop: its outcome will be refused) or
-- `cancel_requested` (stop if you can, then release). Renew at least three times per lease.
-- Locks: lease by claim, skipping what another transaction is finishing. Writes: lease, worker.
create or replace function jobs.heartbeat(tokens bigint[], worker uuid default null)
returns table (token bigint, status text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
begin
  update jobs.worker w set seen_at = _now
  where w.id = heartbeat.worker and w.seen_at < _now - interval '1 min';
  with mine as (
    select l.claim from jobs.lease l
    where l.claim = any(array(select distinct t >> 6 from unnest(tokens) as t))
    order by l.claim for no key update skip locked)
  update jobs.lease l
  set until = least(l.deadline, _now + l.lease_ms * interval '1 millisecond')
  from mine where l.claim = mine.claim;
  return query
    select t.token,
      case when l.unfinished & l.cancel & s.bit <> 0 and l.deadline > _now
        then 'cancel_requested' else 'lost' end
    from unnest(tokens) as t(token)
    cross join lateral (select 1::bigint << (t.token & 63)::int as bit) as s
    left join jobs.lease l on l.claim = t.token >> 6
    where l.claim is null or l.unfinished & s.bit = 0 or l.cancel & s.bit <> 0
      or l.deadline <= _now;
end $$;
