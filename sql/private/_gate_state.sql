-- Where the job is in its life: it waits, it runs (where, until when), or it has ended (how).
create or replace function jobs._gate_state(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _reason text := job.data ->> 'reason';
begin
  if job.state = 'running' then
    return jobs._gate_running(job);
  elsif job.state in ('ready', 'scheduled', 'blocked') then
    return jobs._gate('state', job.state <> 'blocked', format('it has been %s for %s', job.state,
        jobs._in_words(jobs.now() - job.since)),
      'It waits for something other than its time: the other gates say for what.',
      jsonb_build_object('state', job.state, 'since', job.since));
  end if;
  return jobs._gate('state', false,
    format('it is %s since %s (%s ago), after %s%s', job.state,
      date_trunc('second', job.since), jobs._in_words(jobs.now() - job.since),
      jobs._count(job.attempt, 'attempt'),
      coalesce(': ' || case when job.state = 'completed' then null else _reason end, '')),
    case job.state
      when 'completed' then 'Nothing is left to do; jobs.retry(id) would run it once more.'
      when 'dead' then 'Read its errors with jobs.get(id), mend the cause, then jobs.retry(id).'
      else 'Someone or its handler ended it; jobs.retry(id) makes it ready again.' end,
    jsonb_strip_nulls(jsonb_build_object('state', job.state, 'since', job.since,
      'attempt', job.attempt,
      'reason', case when job.state <> 'completed' then _reason end)));
end $$;
