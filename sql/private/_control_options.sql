-- The keys and the like of an enqueue, checked, as `job.options` stores them: by the names of
-- enqueue's arguments, nothing for what was not given. Raises JB002.
create or replace function jobs._control_options(spec jobs.job_spec)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _key record;
begin
  for _key in
    select k.name, k.value
    from (values
      ('idempotency_key', spec.idempotency_key), ('unique_key', spec.unique_key),
      ('concurrency_key', spec.concurrency_key), ('ordering_key', spec.ordering_key),
      ('fair_key', spec.fair_key)) as k(name, value)
    where octet_length(k.value) not between 1 and 1024
  loop
    perform jobs._raise_invalid(format('%s is empty or over 1024 bytes', _key.name),
      'A key has 1 to 1024 bytes; leave it out for a job without one.');
  end loop;
  perform jobs._check_keys(spec);
  return jsonb_strip_nulls(jsonb_build_object(
    'idempotency_key', spec.idempotency_key, 'unique_key', spec.unique_key,
    'unique_options', nullif(spec.unique_options - 'replace', '{}'),
    'concurrency_key', spec.concurrency_key, 'ordering_key', spec.ordering_key,
    'fair_key', spec.fair_key, 'batch', spec.batch, 'depends_on', to_jsonb(spec.depends_on)));
end $$;
