-- Has the job's time come, and has a tick seen it? Null for one that waits for something else.
create or replace function jobs._gate_due(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _ticked_at timestamptz := (select r.at from jobs.register r order by r.ver desc limit 1);
  _detail jsonb := jsonb_build_object('run_at', job.run_at);
begin
  if job.state = 'blocked' then
    return null;
  elsif job.state <> 'scheduled' then
    return jobs._gate('due', true, 'its time has come', null, jsonb_strip_nulls(_detail));
  elsif job.run_at > _now then
    return jobs._gate('due', false, format('it is due in %s, at %s%s',
        jobs._in_words(job.run_at - _now), date_trunc('second', job.run_at),
        case when job.data ? 'error' then format(', after attempt %s failed', job.attempt) end),
      'Wait; jobs.claim_job(id) runs it before its time.', _detail);
  end if;
  return jobs._gate('due', false, format('it was due %s ago and is not ready yet: %s',
      jobs._in_words(_now - job.run_at),
      case when isfinite(_ticked_at) then format('the last tick was %s ago',
        jobs._in_words(_now - _ticked_at)) else 'nobody has ticked yet' end),
    'Start a worker, or call jobs.maintain() every few seconds, as with pg_cron.',
    _detail || jsonb_build_object('ticked_at', case when isfinite(_ticked_at) then _ticked_at end));
end $$;
