-- Every event that matches becomes a job, exactly one, if and when the transaction that appends it
-- commits. Any name that is new makes a subscription; one that exists is changed for what is
-- appended from now on.
--   name           1 to 255 bytes
--   types          patterns such as {order.*,invoice.sent}; default any type
--   category       only events of streams of this category; default any
--   kind           of the jobs, default the subscription's name; their args are {"event": …}
--   queue          default the kind's
--   routing_key    of the jobs, default none
--   from_position  'now' (default), 'beginning', or a position: events after it; those that are
--                  there already become jobs step by step (backfill), and what is appended
--                  meanwhile after them. Only for a new subscription
--   delay          how long after its append an event's job may run, default at once
-- Returns `created`, `changed` or `unchanged`. Each job is retried, dies and is retried again by
-- hand like any other, independently of other subscriptions' jobs.
-- SQLSTATEs: JB002 an argument is out of range, JB011 the position is not in the log (any more).
-- Locks: fan_out, the subscription, if it is new or to be changed. Writes: those; as backfill.
create or replace function jobs.subscribe(
  name text, types text[] default null, category text default null, kind text default null,
  queue text default null, routing_key text default null,
  from_position anycompatible default 'now'::text, delay interval default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _from text := from_position::text;   -- 'now', or 42: a literal of either type is taken
  _old jobs.subscription;
  _new jobs.subscription;
  _spec jobs.job_spec;
begin
  perform jobs._check_name(name);
  perform jobs._check_category(category);
  if not jobs._reads_streams(jobs._patterns(types), category, null) then
    perform jobs._raise_invalid('jobs'' own events make no jobs',
      'Read them with a consumer; for dead jobs there is configure_kind(name, on_dead => …).');
  end if;
  _spec.kind := coalesce(kind, name);
  _spec.queue := queue;
  _spec.delay := delay;
  _spec.routing_key := routing_key;
  perform jobs._ensure_names(null, array[_spec.kind]);   -- known from now on, as strict_kinds asks
  perform jobs._place(_spec);
  select * into _old from jobs.subscription s where s.name = subscribe.name;
  if (_old.types, _old.category, _old.kind, _old.queue, _old.routing_key, _old.delay)
    is not distinct from (types, category, coalesce(kind, name), queue, routing_key, delay) then
    return 'unchanged';   -- before anything that waits for an append
  end if;
  perform from jobs.fan_out for update;
  select * into _old from jobs.subscription s where s.name = subscribe.name for update;
  _new := _old;
  _new.name := name;
  _new.types := types;
  _new.patterns := jobs._patterns(types);
  _new.category := category;
  _new.kind := coalesce(kind, name);
  _new.queue := queue;
  _new.routing_key := routing_key;
  _new.delay := delay;
  if _old.id is not null then
    if _new is not distinct from _old then
      return 'unchanged';
    end if;
    -- an append in an older snapshot would go by what the subscription was: it fails (_append)
    perform jobs._next_generation(
      exists (select from jobs.subscription s where upper_inf(s.live)));
    update jobs.subscription s
    set types = _new.types, patterns = _new.patterns, category = _new.category, kind = _new.kind,
      queue = _new.queue, routing_key = _new.routing_key, delay = _new.delay
    where s.id = _old.id;
    return 'changed';
  end if;

  -- the beginning: whatever is there, also what is older than an event that has been pruned
  _new.backfill_pos := case when _from = 'beginning' then 0
    else jobs._start(_from, _new.patterns, category, false, false) end;
  _new.live := '{}';
  _new.changed_xid := pg_current_xact_id();
  if _from = 'now' then
    _new := jobs._go_live(_new);
  end if;
  insert into jobs.subscription (
    name, types, patterns, category, kind, queue, routing_key, delay, live, backfill_pos,
    changed_xid, created_at)
  values (_new.name, _new.types, _new.patterns, _new.category, _new.kind, _new.queue,
    _new.routing_key, _new.delay, _new.live, _new.backfill_pos, _new.changed_xid, jobs.now());
  if _from <> 'now' then
    perform jobs._backfill(name, 1000);
  end if;
  return 'created';
end $$;
