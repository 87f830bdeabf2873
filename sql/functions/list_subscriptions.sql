-- Subscriptions by name, with what they match and make. Writes nothing.
--   subscription  only this one, default all
-- Returns a row each: state is `live` (appends serve it), `catching_up` (what is there already
-- comes first) or `paused`; behind counts the events that are not jobs yet, up to 10,000; waiting
-- the jobs of its kind and queue that are ready, scheduled or running. SQLSTATE JB004 no such
-- subscription.
create or replace function jobs.list_subscriptions(subscription text default null)
returns table (
  name text, types text[], category text, kind text, queue text, routing_key text, delay interval,
  state text, behind bigint, waiting bigint, created_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
  if list_subscriptions.subscription is not null
    and not exists (
      select from jobs.subscription s where s.name = list_subscriptions.subscription) then
    perform jobs._raise_not_found('subscription', list_subscriptions.subscription);
  end if;
  return query
    select s.name, s.types, s.category, s.kind, q.name, s.routing_key, s.delay,
      case when s.paused then 'paused' when upper_inf(s.live) then 'live' else 'catching_up' end,
      case when s.backfill_pos is null then 0 else
        (select count(*) from (
          select from jobs.stream_event e
          where e.pos > s.backfill_pos and not s.live @> e.generation
            and (s.category is null or split_part(e.stream, '-', 1) = s.category)
            and (s.patterns is null or e.type like any(s.patterns))
          limit 10000) as b) end,
      w.waiting, s.created_at
    from jobs.subscription s
    join jobs.kind k on k.name = s.kind
    join jobs.queue q on q.name = coalesce(s.queue, k.queue)
    cross join lateral (
      select coalesce(sum(b.count), 0)::bigint as waiting
      from (
        select cardinality(r.ids) as count from jobs._all_ready r
        where (r.queue_id, r.kind_id) = (q.id, k.id)
        union all
        select cardinality(d.ids) from jobs.scheduled d
        where (d.queue_id, d.kind_id) = (q.id, k.id)
        union all
        select bit_count(l.unfinished::bit(64))::int from jobs.lease l
        where l.queue_id = q.id and l.kind_id = k.id) as b) as w
    where list_subscriptions.subscription is null or s.name = list_subscriptions.subscription
    order by s.name;
end $$;
