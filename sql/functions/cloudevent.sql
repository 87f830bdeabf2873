-- The event as CloudEvents 1.0 JSON, for example `select jobs.cloudevent(e) from jobs.read_all()
-- e`.
--   source  a URI, default txjobs:// and the database's name
-- id is event_id, else the position; subject the stream; trace context is as the extension for
-- distributed tracing has it. Other headers whose names are lower-case letters and digits, and the
-- extensions position, streamversion, schemaversion, correlationid and causationid, come with it.
-- Format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
create or replace function jobs.cloudevent(event jobs.log_event, source text default null)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((
      select jsonb_object_agg(h.name, case jsonb_typeof(h.value)
        when 'string' then h.value when 'boolean' then h.value else to_jsonb(h.value #>> '{}') end)
      from jsonb_each(event.headers) as h(name, value)
      where h.name ~ '^[a-z0-9]+$' and jsonb_typeof(h.value) <> 'null'), '{}')
    || jsonb_strip_nulls(jsonb_build_object(
      'specversion', '1.0',
      'id', coalesce(event.event_id::text, event.pos::text || case event.version is null
        when true then '/' || (event.data ->> 'job_id') else '' end),
      'source', coalesce(nullif(source, ''), 'txjobs://' || current_database()),
      'type', event.type,
      'subject', event.stream,
      'time', to_char(event.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'datacontenttype', 'application/json',
      'position', event.pos::text,
      'streamversion', event.version::text,
      'schemaversion', event.schema_version::text,
      'correlationid', event.headers ->> 'correlation_id',
      'causationid', event.headers ->> 'causation_id'))
    || jsonb_build_object('data', event.data);
end $$;
