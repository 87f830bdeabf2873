-- Does a live worker announce the job's queue and kind?
create or replace function jobs._gate_worker(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _live int;
  _of_queue int;
  _names text[];
  _of_both int;
begin
  select count(*), count(*) filter (where w.queues is null or job.queue = any(w.queues)),
    (array_agg(w.name order by w.name collate "C") filter (where w.takes))[:5],
    count(*) filter (where w.takes)
  into _live, _of_queue, _names, _of_both
  from (
    select l.*, (l.queues is null or job.queue = any(l.queues))
      and (l.kinds is null or job.kind = any(l.kinds)) as takes
    from jobs._live_worker l) as w;
  return jobs._gate('worker', _of_both > 0,
    case
      when _of_both > 0 then format('kind %s of queue %s is taken by %s', job.kind, job.queue,
        jobs._count(_of_both, 'live worker'))
      when _live = 0 then 'no live worker is registered'
      when _of_queue = 0 then format('of %s none takes queue %s',
        jobs._count(_live, 'live worker'), job.queue)
      else format('of %s of queue %s none announces kind %s', jobs._count(_of_queue, 'live worker'),
        job.queue, job.kind) end,
    case
      when _of_both > 0 then null
      when _live = 0 then
        'Start a worker. One that does not call jobs.register_worker is not seen here.'
      when _of_queue = 0 then format('Start a worker that takes queue %s: txjobs worker … -q %s',
        job.queue, job.queue)
      else format('Deploy a worker whose application has kind %s, or mend the name.', job.kind) end,
    jsonb_build_object('live_workers', _live, 'of_queue', _of_queue, 'of_queue_and_kind', _of_both,
      'names', to_jsonb(coalesce(_names, '{}'))));
end $$;
