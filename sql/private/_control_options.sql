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
  if array_position(spec.depends_on, null) is not null then
    perform jobs._raise_invalid('depends_on has a null', 'It is an array of the ids of jobs.');
  elsif spec.on_dependency_failure not in ('fail', 'cancel', 'ignore') then
    perform jobs._raise_invalid(format('on_dependency_failure is %L', spec.on_dependency_failure),
      'If one of depends_on dies, is cancelled or discarded, the job is dead as well (fail), '
        'cancelled (cancel), or goes on (ignore).');
  elsif spec.on_dependency_failure is not null and spec.depends_on is null then
    perform jobs._raise_invalid('on_dependency_failure is given without depends_on',
      'Give both, or neither.');
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'idempotency_key', spec.idempotency_key, 'unique_key', spec.unique_key,
    'unique_options', nullif(spec.unique_options - 'replace', '{}'),
    'concurrency_key', spec.concurrency_key, 'ordering_key', spec.ordering_key,
    'fair_key', spec.fair_key, 'batch', spec.batch,
    'depends_on', to_jsonb(nullif(spec.depends_on, '{}')),
    'on_dependency_failure', spec.on_dependency_failure));
end $$;
