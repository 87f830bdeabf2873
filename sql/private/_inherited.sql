-- What a job or event hands on to those that it causes: trace context, correlation id (its own id
-- if it has none) and itself as their cause.
create or replace function jobs._inherited(headers jsonb, id text)
returns jsonb
language sql immutable
return jsonb_strip_nulls(jsonb_build_object(
  'traceparent', headers -> 'traceparent', 'tracestate', headers -> 'tracestate',
  'correlation_id', coalesce(headers -> 'correlation_id', to_jsonb(id)), 'causation_id', id));
