-- A queue's own settings by the names of configure_queue's arguments, durations in seconds; null
-- where the default holds (_default_settings).
create or replace function jobs._queue_settings(queue jobs.queue)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'max_attempts', queue.max_attempts,
    'backoff', queue.backoff,
    'lease', trim_scale(queue.lease_ms / 1000.0),
    'timeout', trim_scale(queue.timeout_ms / 1000.0),
    'max_pending', queue.max_pending,
    'overflow', queue.overflow,
    'strict_kinds', queue.strict_kinds,
    'ageing', queue.ageing,
    'max_running', queue.max_running,
    'rate', queue.rate,
    'burst', queue.burst,
    'max_running_per_key', queue.max_running_per_key,
    'rate_per_key', queue.rate_per_key,
    'burst_per_key', queue.burst_per_key,
    'keep', trim_scale(extract(epoch from queue.keep)),
    'keep_completed', trim_scale(extract(epoch from queue.keep_completed)),
    'keep_cancelled', trim_scale(extract(epoch from queue.keep_cancelled)),
    'keep_skipped', trim_scale(extract(epoch from queue.keep_skipped)),
    'keep_discarded', trim_scale(extract(epoch from queue.keep_discarded)),
    'keep_dead', trim_scale(extract(epoch from queue.keep_dead)),
    'keep_results', trim_scale(extract(epoch from queue.keep_results)));
end $$;
