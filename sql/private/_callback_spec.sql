-- What a batch's callback says, as enqueue is told it: a kind, or an object of enqueue's arguments
-- but those by which a job could be refused or wait for others: the last job of a batch must be
-- able to end. Null for null. Raises JB002; `name` is the argument that it came in.
create or replace function jobs._callback_spec(name text, callback jsonb)
returns jobs.job_spec
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _hint text := 'Name a kind, as "report", or give an object: {"kind": "report", "args": {}, '
    '"queue": "mail"}, with arguments of jobs.enqueue but keys, batch and depends_on.';
  _allowed text[] := array['kind', 'args', 'queue', 'priority', 'run_at', 'delay', 'max_attempts',
    'routing_key', 'timeout', 'lease', 'backoff', 'headers'];
  _unknown text;
  _spec jobs.job_spec;
begin
  if callback is null then
    return null;
  elsif jsonb_typeof(callback) = 'string' then
    callback := jsonb_build_object('kind', callback);
  elsif jsonb_typeof(callback) <> 'object' or not callback ? 'kind' then
    perform jobs._raise_invalid(format('%s names no kind', name), _hint);
  end if;
  select k into _unknown from jsonb_object_keys(callback) as k where k <> all(_allowed) limit 1;
  if found then
    perform jobs._raise_invalid(format('%s has the key %L', name, _unknown), _hint);
  elsif jsonb_typeof(callback -> 'args') <> 'object' then
    perform jobs._raise_invalid(format('the args of %s are no object', name),
      'They are an object, to which what became of the batch is added as "batch".');
  end if;
  begin
    _spec := jsonb_populate_record(null::jobs.job_spec, callback - 'args');
  exception when data_exception then
    perform jobs._raise_invalid(format('%s: %s', name, sqlerrm), _hint);
  end;
  return _spec;
end $$;
