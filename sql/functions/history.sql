-- The job's timeline from the log, oldest first; no row if there is no such job. Nothing changes.
create or replace function jobs.history(id bigint)
returns setof jobs.job_event
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query
    select h.* from (
      select * from jobs.job_event e where e.job_id = history.id and e.type = 'enqueued'
        and e.pos = history.id
      union all
      -- of a job that was pruned, events may be left until their partition goes
      select history.id, e.pos, e.at, e.type::text, q.name, e.attempt::int, e.claim, e.worker,
        e.data[array_position(e.ids, history.id)], e.xid
      from jobs._event_of(history.id) e join jobs.queue q on q.id = e.queue_id
      where exists (select from jobs.job j where j.id = history.id)) as h
    order by h.pos;
end $$;
