-- Each of these events becomes a job of the subscription, in this order: args {"event": …}, with
-- the event's trace context, correlation id and itself as the cause in the job's headers. The delay
-- counts from when the event was appended.
create or replace function jobs._deliver(subscription jobs.subscription, poss bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _group record;
  _place record;
  _spec jobs.job_spec;
begin
  _spec.kind := subscription.kind;
  _spec.queue := subscription.queue;
  _spec.routing_key := subscription.routing_key;
  for _group in
    select d.run_at, array_agg(d.args order by d.pos) as args,
      array_agg(d.headers order by d.pos) as headers
    from (
      select e.pos,
        case when subscription.delay > interval '0' and e.at + subscription.delay > jobs.now()
          then e.at + subscription.delay end as run_at,
        jsonb_build_object('event', to_jsonb(jobs._as_log_event(e))) as args,
        jobs._follow(e) || jsonb_build_object('subscription', subscription.name) as headers
      from jobs.stream_event e where e.pos = any(poss)) as d
    group by d.run_at order by min(d.pos)
  loop
    _spec.run_at := _group.run_at;
    _place := jobs._place(_spec);
    perform jobs._insert_jobs(_place.block, _place.at, _place.options, _group.args, _group.headers);
  end loop;
end $$;
