-- This one job is the caller's, before its time and its turn if need be; pauses and routing do not
-- count.
--   worker, lease  as claim
-- Returns one row: status `claimed` and the columns of claim; or, with nothing changed, status is
-- the state that prevents it (`running`, `completed`, …). A job whose attempts are spent, since
-- max_attempts was lowered, is `dead` now. SQLSTATEs: JB004, JB002; 40001 outside READ COMMITTED,
-- if somebody else took it meanwhile.
-- Locks: the job's block. Writes: ready or scheduled, event, lease.
create or replace function jobs.claim_job(job bigint, worker uuid default null,
  lease interval default null)
returns table (
  status text, token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb,
    attempt int,
  max_attempts int, priority int, timeout interval, created_at timestamptz, lease_ms int)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _state jobs.job_state;
  _block jobs.ready;
  _granted jobs.lease;
begin
  for _try in 1..100 loop
    select * into _state from jobs.job_state s where s.id = claim_job.job;
    if not found then
      perform jobs._raise_not_found('job', job::text);
    end if;
    if _state.state not in ('ready', 'scheduled') then
      status := _state.state;
      id := job;
      return next;
      return;
    end if;
    _block := jobs._withdraw(_state);
    exit when _block.ids is not null;
    perform jobs._check_may_retry(job, _try);
  end loop;
  _block := jobs._without_exhausted(_block);
  if _block.ids = '{}' then
    status := 'dead';
    id := job;
    return next;
    return;
  end if;
  _granted := jobs._grant(_block, worker,
    coalesce(nullif(jobs._milliseconds('lease', lease, 1000), 0), 30000));
  return query
    select 'claimed', h.token, h.id, h.kind, h.queue, h.args, h.headers, h.attempt, h.max_attempts,
      h.priority, h.timeout, h.created_at, h.lease_ms
    from jobs._held h where h.claim = _granted.claim;
end $$;
