-- Jobs with these args and options, which have depends_on, exist, placed as _place said: blocked
-- until their prerequisites have ended, unless all have, and well. Returns their ids, in the order
-- of args; the caller asks _end_doomed for those that must not run.
-- Writes: as _tie; job, scheduled, waiter, dependency; ready.
create or replace function jobs._insert_dependent(
  block jobs.ready, run_at timestamptz, options jsonb, args jsonb[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  _policy text := coalesce(options ->> 'on_dependency_failure', 'fail');
  _prerequisites bigint[];
  _outcomes jobs.transition[];
  _ids bigint[];
begin
  select array_agg(t.job), array_agg(t.outcome) into _prerequisites, _outcomes
  from jobs._tie(array(
    select e::bigint from jsonb_array_elements_text(options -> 'depends_on') as e)) as t;
  if array_position(_outcomes, null) is null
    and (_policy = 'ignore'
      or not _outcomes && '{dead,cancelled,discarded}'::jobs.transition[]) then
    return jobs._insert_jobs(block, run_at, options, args);
  end if;
  _ids := jobs._insert_jobs(block, 'infinity', options || '{"blocked": "depends_on"}', args);
  -- the blocked stand alone (_put), just above the last id
  insert into jobs.waiter (id, ord, run_at, on_dependency_failure)
  select i, s.ord, run_at, _policy
  from jobs.scheduled s join unnest(_ids) as i on i = s.ids[1]
  where s.run_at = 'infinity' and s.ord > _ids[cardinality(_ids)];
  insert into jobs.dependency (job, waiter, outcome)
  select p.id, i, p.outcome
  from unnest(_ids) as i cross join unnest(_prerequisites, _outcomes) as p(id, outcome);
  return _ids;
end $$;
