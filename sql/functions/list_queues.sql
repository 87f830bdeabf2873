-- Queues by name, and the settings in force in each. Writes nothing.
--   queue  only this one, default all
-- Returns a row each: settings has every setting by the name of configure_queue's argument,
-- durations in seconds, what nobody has set at its default; changed names those that are not at
-- their default. SQLSTATE JB004 no such queue.
create or replace function jobs.list_queues(queue text default null)
returns table (
  name text, paused boolean, settings jsonb, changed text[], created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _defaults jsonb := (jobs._default_settings()).queue;
begin
  if queue is not null
    and not exists (select from jobs.queue q where q.name = list_queues.queue) then
    perform jobs._raise_not_found('queue', queue);
  end if;
  return query
    select q.name, jobs._is_paused(q.id), o.own || _defaults || jsonb_strip_nulls(o.own),
      jobs._changed(o.own, _defaults), q.created_at
    from jobs.queue q
    cross join lateral jobs._queue_settings(q) as o(own)
    where list_queues.queue is null or q.name = list_queues.queue
    order by q.name collate "C";
end $$;
