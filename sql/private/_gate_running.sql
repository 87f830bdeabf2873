-- Who runs the job, until when its lease lasts, and whether that is in order: the row of
-- _gate_state for a running job. A worker renews a lease for its whole length, so it was last heard
-- of that long before the lease's end.
create or replace function jobs._gate_running(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _lease jobs.lease;
  _event record;
  _worker record;
  _by text;
  _cancel boolean;
  _beat timestamptz;
  _late interval;
begin
  select * into _lease from jobs.lease l where l.claim = job.claim;
  select e.at, e.worker into _event from jobs.event e where e.pos = job.claim >> 12;
  select w.name, w.seen_at into _worker from jobs.worker w where w.id = _event.worker;
  _by := coalesce('worker ' || _worker.name,
    'a worker that is not registered, ' || _event.worker,
    'a claim that named no worker');
  _cancel := _lease.cancel & (1::bigint << (array_position(_lease.ids, job.id) - 1)) <> 0;
  _beat := least(_now, _lease.until - _lease.lease_ms * interval '1 millisecond');
  if _lease.timeout_ms > 0 then
    _late := _now - (_event.at + _lease.timeout_ms * interval '1 millisecond');
  end if;
  return jobs._gate('state', _lease.until > _now and coalesce(_late <= interval '0', true),
    format('it has run for %s, attempt %s, by %s; %s%s%s', jobs._in_words(_now - _event.at),
      _lease.attempt, _by,
      case when _lease.until > _now then format('its lease lasts %s more, last renewed %s ago',
          jobs._in_words(_lease.until - _now), jobs._in_words(_now - _beat))
        else format('its lease ended %s ago and has not been reset',
          jobs._in_words(_now - _lease.until)) end,
      case when _late > interval '0' then format('; it is %s past its timeout',
        jobs._in_words(_late)) end,
      case when _cancel then '; its cancellation was requested' end),
    case
      when _lease.until <= _now then
        'Its worker is gone or cut off. jobs.maintain() gives the job back; workers call it every '
        'few seconds.'
      when _late > interval '0' then format(
        'Its handler does not stop. At %s the job is taken from it, and its attempt has failed.',
        date_trunc('second', _lease.deadline)) end,
    jsonb_strip_nulls(jsonb_build_object('state', 'running', 'since', _event.at,
      'attempt', _lease.attempt, 'worker', _event.worker, 'worker_name', _worker.name,
      'worker_seen_at', _worker.seen_at, 'leased_until', _lease.until, 'renewed_at', _beat,
      'deadline', case when isfinite(_lease.deadline) then _lease.deadline end,
      'timeout_ms', nullif(_lease.timeout_ms, 0), 'cancel_requested', _cancel)));
end $$;
