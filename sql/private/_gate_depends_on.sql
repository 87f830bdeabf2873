-- Have the jobs on which this one depends ended? Null for a job without any.
create or replace function jobs._gate_depends_on(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _pending bigint;
  _of int := jsonb_array_length(job.options -> 'depends_on');
  _items jsonb;   -- ten of those that have not ended
  _names text;
begin
  if _of is null then
    return null;
  end if;
  select count(*) into _pending from (
    select from jobs.dependency d where d.waiter = job.id and d.outcome is null limit 10000) as p;
  select jsonb_agg(jsonb_build_object('job', s.id, 'kind', s.kind, 'state', s.state)
      order by s.id),
    string_agg(format('%s (%s, %s)', s.id, s.kind, s.state), ', ' order by s.id)
  into _items, _names
  from (
    select d.job from jobs.dependency d
    where d.waiter = job.id and d.outcome is null order by d.job limit 10) as p
  cross join lateral (select * from jobs.job_state t where t.id = p.job) as s;
  return jobs._gate('depends_on', _pending = 0,
    case when _pending = 0 then format('%s, and none is left to wait for',
        jobs._count(_of, 'prerequisite'))
      else format('%s, of which it waits for %s: %s%s', jobs._count(_of, 'prerequisite'), _pending,
        _names, case when _pending > 10 then ', …' else '' end) end,
    format('See why one of them has not: select * from jobs.explain(%s).', _items #>> '{0,job}'),
    jsonb_build_object('prerequisites', _of, 'pending', _pending,
      'jobs', coalesce(_items, '[]')));
end $$;
