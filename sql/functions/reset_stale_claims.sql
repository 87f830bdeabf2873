-- Jobs whose lease has ended are back: `ready`; `dead` if that spent their attempts or claims
-- (reason `abandoned`), `cancelled` if that was requested. One that outstayed its timeout has
-- failed (reason `timeout`). The attempt counts unless the kind's charge_lost is false. Anyone may
-- call it at any time; a worker that lives renews its leases and loses nothing.
--   max_jobs  stop after the claim that reaches it, default 1000
-- Returns a row per job: its attempts charged, what it is now, and why if it is dead.
-- SQLSTATE JB002. Locks: lease by claim, skipping what is locked.
-- Writes: lease, event, ready, scheduled; job for on_dead.
create or replace function jobs.reset_stale_claims(max_jobs int default 1000)
returns table (id bigint, attempt int, status text, reason text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
  _oldest bigint := (select r.oldest_claim from jobs.register r order by r.ver desc limit 1);
  _lease jobs.lease;
  _left int := max_jobs;
begin
  perform jobs._check_max_jobs(max_jobs);
  for _lease in
    select * from jobs.lease l where l.claim >= _oldest and l.until <= _now
    order by l.claim limit max_jobs for update skip locked
  loop
    exit when _left <= 0;
    perform jobs._finish(_lease.claim, _lease.unfinished);
    return query
      select * from jobs._settle(_lease, _lease.unfinished,
        case when _lease.deadline <= _now then 'failed' else 'expired' end::jobs.transition,
        case when _lease.deadline <= _now then
          jsonb_build_object('type', 'Timeout', 'message', format(
            'not finished %s ms after its claim: timeout %s ms, lease %s ms',
            _lease.timeout_ms + _lease.lease_ms
              + round(extract(epoch from _now - _lease.deadline) * 1000),
            _lease.timeout_ms, _lease.lease_ms)) end,
        case when _lease.deadline > _now then interval '0' end,
        case when _lease.deadline <= _now then 'timeout' else 'lost' end,
        case when _lease.deadline <= _now then true end);
    _left := _left - cardinality(jobs._pick(_lease.ids, _lease.unfinished));
  end loop;
end $$;
