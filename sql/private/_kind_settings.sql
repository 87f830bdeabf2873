-- A kind's own settings by the names of configure_kind's arguments, durations in seconds; null
-- where its queue's or the default holds (_default_settings).
create or replace function jobs._kind_settings(kind jobs.kind)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'queue', kind.queue,
    'max_attempts', kind.max_attempts,
    'backoff', kind.backoff,
    'lease', trim_scale(kind.lease_ms / 1000.0),
    'timeout', trim_scale(kind.timeout_ms / 1000.0),
    'max_claims', kind.max_claims,
    'charge_lost', kind.charge_lost,
    'on_dead', kind.on_dead,
    'on_dead_policy', kind.on_dead_policy,
    'required_args', kind.required_args,
    'arg_types', kind.arg_types,
    'alias_of', kind.alias_of,
    'max_running', kind.max_running,
    'rate', kind.rate,
    'burst', kind.burst);
end $$;
