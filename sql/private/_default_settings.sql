-- What holds for a queue, and for a kind, that nobody has configured: by the names of the
-- arguments of configure_queue and configure_kind, durations in seconds. What is not here has no
-- default, or a kind has it from its queue.
create or replace function jobs._default_settings(out queue jsonb, out kind jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  queue := jsonb_build_object(
    'max_attempts', 20,
    'backoff', jsonb_build_object('strategy', 'exponential', 'base', 1, 'factor', 2, 'cap', 3600,
      'jitter', 0.25),
    'overflow', 'error',
    'strict_kinds', (select s.strict_kinds from jobs.setting s),
    'max_running_per_key', 1,
    'keep', trim_scale(extract(epoch from interval '7 days')),
    'keep_dead', trim_scale(extract(epoch from interval '90 days')));
  kind := jsonb_build_object(
    'queue', 'default',
    'max_claims', 50,
    'charge_lost', true,
    'on_dead_policy', 'none');
end $$;
