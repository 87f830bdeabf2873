-- Each job as the log has it: what it is now, since when, and how it came to that. One index
-- look-up a job.
--   since_pos  position of the transition that made it so
--   run_at     when a scheduled job is due; a blocked one will not run before
--   data       of that transition: a result, an error, a reason
--   result_pruned  the job returned something, which is no longer kept
create or replace view jobs.job_state as
select
  j.id,
  coalesce(k.alias_of, k.name) as kind,
  q.name as queue,
  case
    when e.type is null then jobs._waiting_state(j.options)
    when e.type in ('failed', 'snoozed', 'promoted', 'released', 'expired', 'retried', 'blocked',
      'replaced') then jobs._waiting_state(e.data)
    when e.type = 'claimed' then 'running'
    else e.type::text end as state,
  j.priority::int as priority,
  coalesce(e.attempt, 0)::int as attempt,
  case
    when e.type is null then (j.options ->> 'run_at')::timestamptz
    when e.type in ('failed', 'snoozed', 'promoted', 'retried', 'blocked', 'replaced') then
      (e.data ->> 'run_at')::timestamptz end as run_at,
  j.created_at,
  coalesce(e.at, j.created_at) as since,
  coalesce(e.pos, j.id) as since_pos,
  e.claim,
  case when e.type is not null then e.data end as data,
  coalesce(e.gone, false) as result_pruned
from jobs.job j
join jobs.kind k on k.id = j.kind_id
join jobs.queue q on q.id = j.queue_id
left join jobs._last_event e on e.job_id = j.id;
