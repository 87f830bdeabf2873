-- A consumer exists: a cursor over the log that is committed together with what its events do. One
-- that exists keeps its position; what it reads is changed, and a batch that is out is stale: it
-- was chosen by what was read before.
--   name           1 to 255 bytes
--   from_position  'beginning', 'now', or a position: it reads what comes after; only for a new one
--   types          patterns such as {order.*,job.dead}; default any type
--   category       only events of streams of this category; default any
--   job_events     true: only jobs' events, false: only users', default both
--   unknown_types  what a client is to do with a type that it does not know: 'stop' (default) or
--                  'skip' it
-- Returns `created`, `changed` or `unchanged`. SQLSTATEs: JB002, JB011 the position is not in the
-- log (any more). Locks: the consumer, if it is to be changed; then it waits for a transaction in
-- which a batch is being handled. Writes: consumer, consumer_cursor.
create or replace function jobs.create_consumer(
  name text, from_position anycompatible, types text[] default null, category text default null,
  job_events boolean default null, unknown_types text default 'stop')
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _patterns text[] := jobs._patterns(types);
  _old jobs.consumer;
  _new jobs.consumer;
  _cursor jobs.consumer_cursor;
  _accepted_pos bigint;
  _start bigint;
begin
  perform jobs._check_name(name);
  perform jobs._check_category(category);
  if coalesce(unknown_types, '') not in ('stop', 'skip') then
    perform jobs._raise_invalid(
      format('unknown_types is %s', coalesce(quote_literal(unknown_types), 'null')),
      'A client may stop at an event of a type that it does not know, or skip it.');
  end if;
  select * into _old from jobs.consumer c where c.name = create_consumer.name;
  if (_old.types, _old.category, _old.job_events, _old.unknown_types)
    is not distinct from (types, category, job_events, unknown_types) then
    return 'unchanged';   -- before anything that waits for a batch
  end if;
  select * into _old from jobs.consumer c where c.name = create_consumer.name for update;
  _new := _old;
  _new.name := name;
  _new.types := types;
  _new.category := category;
  _new.job_events := job_events;
  _new.unknown_types := unknown_types;
  if _old.id is not null then
    if _new is not distinct from _old then
      return 'unchanged';
    end if;
    update jobs.consumer c
    set types = _new.types, category = _new.category, job_events = _new.job_events,
      unknown_types = _new.unknown_types
    where c.id = _old.id;
    _cursor := jobs._lock_consumer(name);
    if _cursor.token is not null and (_new.types, _new.category, _new.job_events)
      is distinct from (_old.types, _old.category, _old.job_events) then
      _cursor.token := null;
      _cursor.polled_xid := null;
      _cursor.until := null;
      perform jobs._move_cursor(_cursor);
    end if;
    return 'changed';
  end if;
  -- first: what is pruned between the two is missing, and poll says so
  _accepted_pos := jobs._pruned_pos(_patterns, category, job_events);
  _start := jobs._start(from_position::text, _patterns, category, job_events, false);
  insert into jobs.consumer (name, types, category, job_events, unknown_types, created_at)
  values (_new.name, _new.types, _new.category, _new.job_events, _new.unknown_types, jobs.now())
  on conflict on constraint consumer_name_is_unique do nothing
  returning id into _new.id;
  if _new.id is null then   -- made by another transaction meanwhile
    return jobs.create_consumer(name, from_position, types, category, job_events, unknown_types);
  end if;
  perform jobs._move_cursor(jobs._new_cursor(_new.id, _start, _accepted_pos));
  return 'created';
end $$;
