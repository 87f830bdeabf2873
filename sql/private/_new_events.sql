-- The elements of append_events' list, checked. Raises JB002 and JB003, naming the index.
create or replace function jobs._new_events(events jsonb)
returns jobs.new_event[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _hint text := 'Pass an array of objects: [{"type": "order.placed", "data": {"total": 4999}}]';
  _object jsonb;
  _unknown text;
  _event jobs.new_event;
  _events jobs.new_event[] := array[]::jobs.new_event[];
begin
  if jsonb_typeof(events) is distinct from 'array' or events = '[]' then
    perform jobs._raise_invalid('events is not a JSON array with elements', _hint);
  end if;
  for _nth in 1..jsonb_array_length(events) loop
    _object := events -> _nth - 1;
    if jsonb_typeof(_object) <> 'object' then
      perform jobs._raise_invalid(format('no JSON object at index %s', _nth), _hint);
    end if;
    select k into _unknown from jsonb_object_keys(_object) as k
    where k not in ('type', 'schema_version', 'event_id', 'headers', 'data') limit 1;
    if _unknown is not null then
      perform jobs._raise_invalid(format('unknown key %L at index %s', _unknown, _nth),
        'The keys are type, data, event_id, headers and schema_version.');
    end if;
    begin
      _event := row(_object ->> 'type', coalesce((_object ->> 'schema_version')::int, 1),
        (_object ->> 'event_id')::uuid, nullif(_object -> 'headers', 'null'),
        coalesce(_object -> 'data', '{}'));
    exception when data_exception then
      perform jobs._raise_invalid(format('%s, at index %s', sqlerrm, _nth),
        'schema_version is a whole number, event_id a UUID.');
    end;
    perform jobs._check_event(_event, _nth);
    _events := _events || _event;
  end loop;
  select e.event_id into _event.event_id from unnest(_events) as e
  where e.event_id is not null group by e.event_id having count(*) > 1 limit 1;
  if found then
    perform jobs._raise_invalid(format('event_id %s is there twice', _event.event_id),
      'Each event has an event_id of its own, or none.');
  end if;
  return _events;
end $$;
