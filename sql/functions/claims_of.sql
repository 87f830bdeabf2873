-- The jobs that a worker holds, as claim returned them: for a worker that does not know whether its
-- claim was committed. Nothing changes; leases that have ended but were not reset are among them.
create or replace function jobs.claims_of(worker uuid)
returns table (
  token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb, attempt int,
  max_attempts int, priority int, timeout interval, created_at timestamptz, lease_ms int)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    select h.token, h.id, h.kind, h.queue, h.args, h.headers, h.attempt, h.max_attempts, h.priority,
      h.timeout, h.created_at, h.lease_ms
    from jobs._held h
    join jobs.event e on e.pos = h.claim >> 12 and e.worker = claims_of.worker
    -- an index scan, where a sequential one would count as dear enough to be compiled (0.3 s)
    where h.claim >= (select r.oldest_claim from jobs.register r order by r.ver desc limit 1)
    order by h.token;
end $$;
