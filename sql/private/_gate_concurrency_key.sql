-- Do the limits of the job's concurrency key let one more start? Null for a job without one.
create or replace function jobs._gate_concurrency_key(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _key text := job.options ->> 'concurrency_key';
  _queue jobs.queue;
  _running bigint;
  _holders bigint[];
  _released bigint[];   -- others that may start, and have not yet
  _before bigint;       -- in the line of those that wait
  _full boolean;
begin
  if _key is null then
    return null;
  end if;
  select * into _queue from jobs.queue q where q.id = job.queue_id;
  if job.state = 'scheduled' and job.data ->> 'reason' = 'rate_per_key' then
    return jobs._gate('concurrency_key', false,
      format('of its concurrency key %s %s jobs may start a second: it may at %s', _key,
        coalesce(_queue.rate_per_key::text, 'any number of'), date_trunc('second', job.run_at)),
      format('Wait. For more a second: select jobs.configure_queue(%L, rate_per_key => %s)',
        job.queue, 2 * coalesce(_queue.rate_per_key, 1)),
      jsonb_build_object('key', _key, 'rate_per_key', _queue.rate_per_key, 'run_at', job.run_at));
  end if;
  _running := jobs._running_by_key(job.queue_id, _key);
  _holders := jobs._holders('c', job.queue_id, _key);
  _released := array(
    select l.id from jobs.line l
    where (l.queue_id, l.gate, l.key) = (job.queue_id, 'c'::"char", _key)
      and l.state = 'r' and l.id <> job.id
    order by l.rank limit _queue.max_running_per_key);
  select count(*) into _before
  from (
    select from jobs.line l
    where (l.queue_id, l.gate, l.key) = (job.queue_id, 'c'::"char", _key)
      and l.state = 'b' and l.rank < (
        select o.rank from jobs.line o where o.id = job.id and o.gate = 'c' and o.state = 'b')
    limit 10000) as b;
  _full := _running + cardinality(_released) >= _queue.max_running_per_key;
  return jobs._gate('concurrency_key',
    not _full and job.data ->> 'blocked' is distinct from 'concurrency_key',
    format('%s of at most %s of its concurrency key %s run', jobs._in_figures(_running),
        jobs._count(_queue.max_running_per_key, 'job'), _key)
      || case when _full then ': ' || concat_ws(', and may start: ',
        nullif(jobs._these_jobs(_holders, _running), ''),
        nullif(jobs._these_jobs(_released[:10], cardinality(_released)), '')) else '' end
      || case when _before > 0 then format('; %s wait before it', jobs._count(_before, 'job'))
        else '' end,
    case when not _full then 'Its turn has come, and nobody has seen it: select jobs.maintain()'
      else format('Wait until one of them has ended. For more at a time: '
        'select jobs.configure_queue(%L, max_running_per_key => %s)', job.queue,
        least(2 * _queue.max_running_per_key::bigint, 2147483647)) end,
    jsonb_build_object('key', _key, 'max_running_per_key', _queue.max_running_per_key,
      'running', _running, 'jobs', to_jsonb(_holders), 'before', _before));
end $$;
