-- One job, whole, as a JSON object; null if there is no such job. Nothing changes. Keys: id, kind,
-- queue, state, priority, attempt, max_attempts, args, headers, created_at, since, run_at
-- (scheduled, blocked), blocked (what it waits for), result (completed; may be null),
-- result_pruned (completed: it returned something, which is no longer kept), reason and error
-- (where there is one), errors (of every attempt: attempt, at, type, reason, error),
-- cancel_requested (running).
--   id, idempotency_key, unique_key  which job: one of them; keys count in `queue`, default any
-- SQLSTATE JB002, also for a key that jobs of several queues have.
create or replace function jobs.get(
  id bigint default null, idempotency_key text default null, unique_key text default null,
  queue text default null)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _id bigint := jobs._id_by_key(id, idempotency_key, unique_key, queue);
  _job jsonb;
  _errors jsonb;
begin
  select jsonb_build_object('id', s.id, 'kind', s.kind, 'queue', s.queue, 'state', s.state,
      'priority', s.priority, 'attempt', s.attempt, 'max_attempts', p.max_attempts, 'args', j.args,
      'headers', j.options -> 'headers', 'created_at', s.created_at, 'since', s.since)
    || case s.state
      when 'completed' then jsonb_build_object('result', s.data, 'result_pruned',
        s.result_pruned)
      when 'scheduled' then jsonb_build_object('run_at', s.run_at)
      when 'blocked' then jsonb_build_object('run_at', s.run_at, 'blocked',
        coalesce(s.data, j.options) -> 'blocked')
      when 'running' then jsonb_build_object('cancel_requested', exists (
        select from jobs.lease l
        where l.claim = s.claim and l.cancel & (1::bigint << array_position(l.ids, s.id) - 1) <> 0))
      else '{}' end
    || case when s.state in ('completed', 'running') then '{}'
      else jsonb_strip_nulls(jsonb_build_object('reason', s.data -> 'reason', 'error',
        s.data -> 'error')) end
  into _job
  from jobs.job_state s
  join jobs.job j on j.id = s.id
  join jobs._policy p on p.id = s.id
  where s.id = _id;
  if _job is null then
    return null;
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('attempt', h.attempt, 'at', h.at, 'type', h.type,
      'reason', h.data -> 'reason', 'error', h.data -> 'error') order by h.pos), '[]')
  into _errors
  from jobs.history(_id) h
  where h.type in ('failed', 'dead', 'expired') or h.type = 'snoozed' and h.data ? 'error';
  return _job || jsonb_build_object('errors', _errors);
end $$;
