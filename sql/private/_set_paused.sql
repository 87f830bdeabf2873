-- The queue, the kind, the subscription, the schedule, or all are paused or not (see pause and
-- resume). Of a queue and a kind it is noted since when, by whom and why.
create or replace function jobs._set_paused(
  queue text, kind text, subscription text, schedule text, paused boolean,
  reason text default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _queue_id int := (select q.id from jobs.queue q where q.name = _set_paused.queue);
  _kind_id int := (
    select k.id from jobs.kind k where k.name = jobs._current_kind(_set_paused.kind));
begin
  if num_nonnulls(queue, kind, subscription, schedule) = 0 then
    perform jobs._raise_invalid(
      'neither queue nor kind is given',
      'Say what: queue, kind, both, subscription or schedule.');
  end if;
  if queue is not null and _queue_id is null then
    perform jobs._raise_not_found('queue', queue);
  end if;
  if kind is not null and _kind_id is null then
    perform jobs._raise_not_found('kind', kind);
  end if;
  if reason is not null and num_nonnulls(subscription, schedule) > 0 then
    perform jobs._raise_invalid(
      'a reason is given for the pause of a subscription or a schedule',
      'Only the pause of a queue or a kind keeps a reason.');
  end if;
  if not paused then
    delete from jobs.pause p where p.queue_id = _queue_id or p.kind_id = any(jobs._kind_ids(kind));
  else
    if queue is not null then
      perform jobs._pause(_queue_id, null, reason);
    end if;
    if kind is not null then
      perform jobs._pause(null, _kind_id, reason);
    end if;
  end if;
  if subscription is not null then
    perform jobs._pause_subscription(subscription, paused);
  end if;
  if schedule is not null then
    perform jobs._pause_schedule(schedule, paused);
  end if;
  if not paused and num_nonnulls(queue, kind) > 0 then
    perform jobs._wake(q.id)
    from jobs.queue q where _set_paused.queue is null or q.name = _set_paused.queue;
  end if;
end $$;
