-- What is paused, by whom and why, oldest first: a row per pause of a queue or a kind. Nothing
-- changes.
--   queue, kind  the one or the other
--   at           since when
--   paused_by    the role that called pause; null: a death did it (configure_kind's on_dead_policy)
--   reason       what was given to pause, or which job died of what
--   job_id       the job that died
create or replace function jobs.list_pauses()
returns table (
  queue text, kind text, at timestamptz, paused_by text, reason text, job_id bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select q.name, coalesce(k.alias_of, k.name), p.at, p.paused_by, p.reason, p.job_id
  from jobs.pause p
  left join jobs.queue q on q.id = p.queue_id
  left join jobs.kind k on k.id = p.kind_id
  order by p.id;
$$;
