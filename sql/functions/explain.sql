-- Why a job is not running, a row per gate: a condition that it must pass. A gate that is closed
-- says what it waits for and what can be done. Of a job that runs there is one row, of one that has
-- ended a second one if it has a unique key. Nothing changes; the figures are those of this moment,
-- and counts stop at 10,000.
-- Returns gate, open, why, remedy (null if open), and the same in figures as detail.
--   id  of the job
-- SQLSTATE JB004 no such job.
create or replace function jobs.explain(id bigint)
returns setof jobs.gate
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _job jobs.job_facts := jobs._facts_of(id);
begin
  if _job.id is null then
    perform jobs._raise_not_found('job', id::text);
  end if;
  return next jobs._gate_state(_job);
  if _job.state not in ('ready', 'scheduled', 'blocked') then
    return query
      select g.* from unnest(array[jobs._gate_unique_key(_job)]) as g where g.gate is not null;
    return;
  end if;
  return query
    select g.* from unnest(array[
      jobs._gate_due(_job),
      jobs._gate_queue(_job),
      jobs._gate_kind(_job),
      jobs._gate_limit(_job, 'q'),
      jobs._gate_limit(_job, 'k'),
      jobs._gate_depends_on(_job),
      jobs._gate_ordering_key(_job),
      jobs._gate_concurrency_key(_job),
      jobs._gate_worker(_job),
      jobs._gate_routing(_job),
      jobs._gate_attempts(_job),
      jobs._gate_position(_job)]) as g
    where g.gate is not null;   -- one that does not concern this job
end $$;
