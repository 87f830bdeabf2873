-- Has the job attempts and claims left? If not, the next claim that meets it buries it, as after
-- max_attempts was lowered.
create or replace function jobs._gate_attempts(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _p jobs._policy;
  _left boolean;
begin
  select * into _p from jobs._policy p where p.id = job.id;
  _left := job.attempt < _p.max_attempts and coalesce(job.claims, 0) < _p.max_claims;
  return jobs._gate('attempts', _left,
    format('%s of %s attempts and %s of %s claims are spent', job.attempt, _p.max_attempts,
      coalesce(job.claims, 0), _p.max_claims),
    case when not _left then format(
      'It is dead at its next claim. Raise the limit: jobs.configure_kind(%L, %s).', _p.kind,
      case when job.attempt >= _p.max_attempts then format('max_attempts => %s', job.attempt + 5)
        else format('max_claims => %s', job.claims + 10) end) end,
    jsonb_build_object('attempt', job.attempt, 'max_attempts', _p.max_attempts,
      'claims', coalesce(job.claims, 0), 'max_claims', _p.max_claims));
end $$;
