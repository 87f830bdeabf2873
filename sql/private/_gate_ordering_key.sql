-- Is the job the first of its ordering key? Null for a job without one.
create or replace function jobs._gate_ordering_key(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _key text := job.options ->> 'ordering_key';
  _own jobs.line;
  _head jobs.line;   -- who must end before it starts
  _state jobs.job_state;
  _before bigint;
begin
  if _key is null then
    return null;
  end if;
  select * into _own from jobs.line l where l.id = job.id and l.gate = 'o';
  select * into _head from jobs.line l
  where (l.queue_id, l.gate, l.key) = (job.queue_id, 'o'::"char", _key)
    and l.id <> job.id and (l.state = 's' or l.rank < _own.rank)
  order by l.state = 's' desc, l.rank limit 1;
  if _own.state = 's' or _head.id is null then
    return jobs._gate('ordering_key', job.data ->> 'blocked' is distinct from 'ordering_key',
      format('it is the first of its ordering key %s', _key),
      'Its turn has come, and nobody has seen it: select jobs.maintain()',
      jsonb_build_object('key', _key, 'before', 0));
  end if;
  select * into _state from jobs.job_state s where s.id = _head.id;
  select count(*) into _before
  from (
    select from jobs.line l
    where (l.queue_id, l.gate, l.key) = (job.queue_id, 'o'::"char", _key)
      and l.id <> job.id and (l.rank < _own.rank or l.state = 's')
    limit 10000) as b;
  return jobs._gate('ordering_key', false,
    format('job %s of its ordering key %s is before it, and is %s%s', _head.id, _key, _state.state,
      case when _state.state = 'scheduled' then
        format(' until %s', date_trunc('second', _state.run_at)) else '' end
      || case when _state.data ? 'error' then format(', after attempt %s failed', _state.attempt)
        else '' end
      || case when _before > 1 then format('; with it %s are', jobs._count(_before, 'job'))
        else '' end),
    format('It starts when job %1$s has ended: select * from jobs.explain(%1$s). To give that one '
      'up: select jobs.cancel(%1$s)', _head.id),
    jsonb_build_object('key', _key, 'job', _head.id, 'state', _state.state, 'before', _before));
end $$;
