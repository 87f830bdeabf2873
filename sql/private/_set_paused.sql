-- The queue, the kind, the subscription, the schedule, or all are paused or not (see pause and
-- resume). Of a queue and a kind it is noted since when, by whom and why.
create or replace function jobs._set_paused(
  queue text, kind text, subscription text, schedule text, paused boolean,
  reason text default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if num_nonnulls(queue, kind, subscription, schedule) = 0 then
    perform jobs._raise_invalid(
      'neither queue nor kind is given',
      'Say what: queue, kind, both, subscription or schedule.');
  end if;
  if queue is not null then
    update jobs.queue q
    set paused = _set_paused.paused,
      paused_at = case when _set_paused.paused then coalesce(q.paused_at, jobs.now()) end,
      paused_by = case when _set_paused.paused then coalesce(q.paused_by, session_user) end,
      paused_reason = case when _set_paused.paused then coalesce(reason, q.paused_reason) end
    where q.name = _set_paused.queue;
    if not found then
      perform jobs._raise_not_found('queue', queue);
    end if;
  end if;
  if kind is not null then
    update jobs.kind k
    set paused = _set_paused.paused,
      paused_at = case when _set_paused.paused then coalesce(k.paused_at, jobs.now()) end,
      paused_by = case when _set_paused.paused then coalesce(k.paused_by, session_user) end,
      paused_reason = case when _set_paused.paused then coalesce(reason, k.paused_reason) end
    where k.name = _set_paused.kind;
    if not found then
      perform jobs._raise_not_found('kind', kind);
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
