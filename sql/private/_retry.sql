-- The job, which has ended, is ready again, at once (null) or at run_at, with its args patched (see
-- retry). Null; or the id of the job that has its unique key, and then nothing has changed. Raises
-- JB002, JB003, JB004, JB005.
create or replace function jobs._retry(
  id bigint, run_at timestamptz default null, patch jsonb default null)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _state jobs.job_state;
  _holder bigint;
  _old jobs.job;
  _args jsonb;
  _data jsonb;
begin
  -- Two retries of one job must not both find it ended, nor prune take what was retried. The row
  -- is written, as it is, and not just locked: a transaction with an older snapshot (REPEATABLE
  -- READ) then fails with 40001, where a mere lock would let it go on and see the job ended.
  update jobs.job j set priority = j.priority where j.id = _retry.id returning * into _old;
  if not found then
    perform jobs._raise_not_found('job', _retry.id::text);
  end if;
  select * into _state from jobs.job_state s where s.id = _retry.id;
  if _state.state in ('ready', 'scheduled', 'blocked', 'running') then
    raise exception using
      errcode = 'JB005',
      message = format('job %s has not ended', _retry.id),
      detail = format('its state is %s', _state.state),
      hint = 'Only a job that has ended can be retried; wait, or cancel it first.';
  end if;
  _holder := jobs._retake_key(_retry.id);
  if _holder is not null then
    return _holder;
  end if;
  _args := jobs._patched_args(_old, patch);
  if _args <> _old.args then
    update jobs.job j set args = _args where j.id = _retry.id;
    _data := jsonb_build_object('args', _old.args);
  end if;
  if run_at is not null then
    _data := coalesce(_data, '{}') || jsonb_build_object('run_at', run_at);
  end if;
  perform jobs._log('retried', _old.queue_id, 0, array[_retry.id], null,
    case when _data is not null then array[_data] end);
  perform jobs._put(
    row(null, p.queue_id, p.kind_id, p.priority, 0, 0, jobs._flags_of(j.options),
      coalesce((j.options ->> 'lease')::numeric * 1000, k.lease_ms, q.lease_ms, 0),
      coalesce((j.options ->> 'timeout')::numeric * 1000, k.timeout_ms, q.timeout_ms, 0),
      p.routing_key, array[_retry.id])::jobs.ready,
    _retry.run_at)
  from jobs._policy p
  join jobs.job j on j.id = p.id
  join jobs.kind k on k.id = p.kind_id
  join jobs.queue q on q.id = p.queue_id
  where p.id = _retry.id;
  perform jobs._line_up(_retry.id, nextval('jobs.pos_seq'));
  perform jobs._rejoin_batch(j.id, (j.options ->> 'batch')::bigint)
  from jobs.job j where j.id = _retry.id and j.options ? 'batch';
  return null;
end $$;
