-- Jobs of one spec (an object of enqueue's arguments without args) exist. Returns their ids.
-- `ords` are the indexes by which an error names them. SQLSTATEs: JB002, JB003.
create or replace function jobs._insert_spec(spec jsonb, args jsonb[], ords int[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _unknown text;
  _place record;
  _message text;
  _hint text;
begin
  select k into _unknown from jsonb_object_keys(spec) as k
  where k not in ('kind', 'queue', 'priority', 'run_at', 'delay', 'max_attempts', 'routing_key',
    'timeout', 'lease', 'backoff', 'headers') limit 1;
  if _unknown is not null then
    perform jobs._raise_invalid(format('unknown key %L at index %s', _unknown, ords[1]),
      'The keys are the arguments of jobs.enqueue.');
  end if;
  perform jobs._check_args(args, ords);
  begin
    select p.* into _place
    from jsonb_to_record(spec) as s(
        kind text, queue text, priority int, run_at timestamptz, delay interval, max_attempts int,
        routing_key text, timeout interval, lease interval, backoff jsonb, headers jsonb)
      cross join lateral jobs._place(s.kind, s.queue, s.priority, s.run_at, s.delay, s.max_attempts,
        s.routing_key, s.timeout, s.lease, s.backoff, s.headers) as p;
  exception when sqlstate 'JB002' or sqlstate 'JB003' or data_exception then
    get stacked diagnostics _message = message_text, _hint = pg_exception_hint;
    raise exception using
      errcode = case when sqlstate = 'JB003' then 'JB003' else 'JB002' end,
      message = format('%s, at index %s', _message, ords[1]),
      hint = coalesce(nullif(_hint, ''), 'The values are those of the arguments of jobs.enqueue.');
  end;
  return jobs._insert_jobs(_place.block, _place.at, _place.options, args);
end $$;
