-- The keys of this spec, which this transaction has taken, are the job's; if that is null they are
-- free again.
create or replace function jobs._give_keys(spec jobs.job_spec, queue_id int, job_id bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if spec.idempotency_key is not null then
    perform jobs._give_key('idempotency', spec.idempotency_key, queue_id, job_id,
      jobs.now() + spec.idempotency_ttl);
  end if;
  if spec.unique_key is not null then
    perform jobs._give_key('unique', spec.unique_key, queue_id, job_id,
      jobs.now() + (spec.unique_options ->> 'window')::float8 * interval '1 s',
      jobs._unique_states(spec.unique_options));
  end if;
end $$;
