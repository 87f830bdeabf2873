-- The rare options of an enqueue, checked, as `job.options` stores them: by the names of enqueue's
-- arguments, durations in seconds, nothing for what was not given. Raises JB002, JB003.
create or replace function jobs._options(
  run_at timestamptz, max_attempts int, routing_key text, timeout_ms int, lease_ms int,
  backoff jsonb, headers jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_attempts not between 1 and 32767 then
    perform jobs._raise_invalid(format('max_attempts is %s', max_attempts),
      'max_attempts is between 1 and 32767: how many times the handler may be started.');
  end if;
  if octet_length(routing_key) not between 1 and 1024 then
    perform jobs._raise_invalid('routing_key is empty or over 1024 bytes',
      'Leave routing_key out for a job that any worker may take.');
  end if;
  if jsonb_typeof(headers) <> 'object' then
    perform jobs._raise_invalid(
      'headers is not a JSON object', 'For example {"traceparent": "00-…"}.');
  end if;
  if pg_column_size(headers) > 2000 then
    perform jobs._check_size('headers', pg_column_size(headers));
  end if;
  perform jobs._check_backoff(backoff);
  return jsonb_strip_nulls(jsonb_build_object(
      'run_at', run_at, 'max_attempts', max_attempts, 'routing_key', routing_key,
      'timeout', nullif(timeout_ms, 0) / 1000.0, 'lease', nullif(lease_ms, 0) / 1000.0))
    || case when backoff is null then '{}' else jsonb_build_object('backoff', backoff) end
    || case when headers is null then '{}' else jsonb_build_object('headers', headers) end;
end $$;
