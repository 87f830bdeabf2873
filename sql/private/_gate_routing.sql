-- Does a live worker of the job's queue and kind ask for its routing key? Null where there is no
-- such worker at all, which _gate_worker says.
create or replace function jobs._gate_routing(job jobs.job_facts)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _asked int;
  _asking int;
  _keys jsonb;   -- that those workers ask for
begin
  select count(*), count(*) filter (where jobs._asks_for(w.routing, job.routing_key))
  into _asked, _asking
  from jobs._live_worker w
  where (w.queues is null or job.queue = any(w.queues))
    and (w.kinds is null or job.kind = any(w.kinds));
  if _asked = 0 then
    return null;
  end if;
  select jsonb_agg(distinct k) into _keys
  from jobs._live_worker w cross join lateral unnest(w.routing) as k
  where (w.queues is null or job.queue = any(w.queues))
    and (w.kinds is null or job.kind = any(w.kinds));
  return jobs._gate('routing', _asking > 0,
    case
      when job.routing_key = '' and _asking > 0 then 'it has no routing key'
      when job.routing_key = '' then
        format('it has no routing key, and each of its %s asks for one',
          jobs._count(_asked, 'live worker'))
      when _asking > 0 then format('its routing key %s is asked for by %s', job.routing_key,
        jobs._count(_asking, 'live worker'))
      else format('of its %s none asks for routing key %s', jobs._count(_asked, 'live worker'),
        job.routing_key) end,
    case
      when _asking > 0 then null
      when job.routing_key = '' then
        'Start a worker without --routing, or with the empty key among them.'
      else format('Start a worker with --routing %s.', quote_literal(job.routing_key)) end,
    jsonb_build_object('routing_key', nullif(job.routing_key, ''), 'workers', _asking,
      'asked_for', _keys));
end $$;
