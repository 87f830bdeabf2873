-- The keys of this spec, which this transaction has taken, are the job's; if that is null they are
-- free again.
create or replace function jobs._give_keys(spec jobs.job_spec, queue_id int, job_id bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _until timestamptz;
  _states text[];
begin
  if spec.idempotency_key is not null then
    _until := jobs.now() + spec.idempotency_ttl;
    perform jobs._give_key('idempotency', spec.idempotency_key, queue_id, job_id, _until);
  end if;
  if spec.unique_key is not null then
    _until := null;
    if spec.unique_options is not null then
      _until := jobs.now() + (spec.unique_options ->> 'window')::float8 * interval '1 s';
      _states := jobs._unique_states(spec.unique_options);
    end if;
    perform jobs._give_key('unique', spec.unique_key, queue_id, job_id, _until, _states);
  end if;
end $$;
