-- Raises JB002 for what cannot be said of an idempotency_key or a unique_key.
create or replace function jobs._check_keys(spec jobs.job_spec)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _key text;
  _value jsonb;
  _known text[];
begin
  if spec.idempotency_ttl is not null and spec.idempotency_key is null then
    perform jobs._raise_invalid('idempotency_ttl without an idempotency_key',
      'Give the key whose time it is.');
  elsif spec.unique_options is not null and spec.unique_key is null then
    perform jobs._raise_invalid('unique_options without a unique_key', 'Give the key.');
  elsif spec.on_conflict is not null
    and num_nonnulls(spec.idempotency_key, spec.unique_key) = 0 then
    perform jobs._raise_invalid('on_conflict without an idempotency_key or a unique_key',
      'It says what to do if a key has a job already: give the key.');
  elsif spec.on_conflict not in ('existing', 'match', 'error') then
    perform jobs._raise_invalid(format('on_conflict is %L', spec.on_conflict),
      'existing: the id of the job that has the key; match: the same, but an error if that is of '
      'another kind or has other args; error: an error.');
  elsif spec.idempotency_ttl not between interval '1 ms' and interval '1000 years' then
    perform jobs._raise_invalid(format('idempotency_ttl is %s', spec.idempotency_ttl),
      'idempotency_ttl is 1 ms to 1000 years; leave it out to keep the key with the job.');
  elsif jsonb_typeof(spec.unique_options) <> 'object' then
    perform jobs._raise_invalid('unique_options is not a JSON object',
      'For example {"replace": ["args"]}.');
  end if;
  for _key, _value in select * from jsonb_each(spec.unique_options) loop
    if _key = 'window' then
      if jsonb_typeof(_value) <> 'number'
        or (_value #>> '{}')::numeric not between 0.001 and 31556952000 then
        perform jobs._raise_invalid(
          format('window of unique_options is %s', left(_value::text, 40)),
          'Seconds since the job was enqueued: 0.001 to 31556952000.');
      end if;
      continue;
    end if;
    _known := case _key
      when 'states' then '{ready,scheduled,blocked,running,completed,dead,cancelled,skipped,'
        'discarded}'::text[]
      when 'replace' then '{args,run_at,priority}' end;
    if _known is null then
      perform jobs._raise_invalid(format('unique_options has no %L', left(_key, 40)),
        'Its keys are states, window and replace.');
    elsif jsonb_typeof(_value) <> 'array' or _value = '[]'
      or not coalesce((select bool_and(jsonb_typeof(e) = 'string' and e #>> '{}' = any(_known))
        from jsonb_array_elements(case jsonb_typeof(_value) when 'array' then _value end) as e),
        false) then
      perform jobs._raise_invalid(
        format('%s of unique_options is %s', _key, left(_value::text, 100)),
        format('An array of one or more of %s.', array_to_string(_known, ', ')));
    end if;
  end loop;
end $$;
