-- Are there ready jobs that no live worker takes, for want of their queue, their kind or their
-- routing key? Of each lane the first 1,000 blocks are looked at: claims pass over such jobs, so
-- that they are left there.
create or replace function jobs._health_workers(due_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _live bigint := (select count(*) from jobs._live_worker);
  _oldest interval;
  _items jsonb;
begin
  with heads as (
    select q.name as queue, coalesce(k.alias_of, k.name) as kind, h.routing_key, min(h.id) as id
    from jobs._heads(1000) h
    join jobs.queue q on q.id = h.queue_id
    join jobs.kind k on k.id = h.kind_id
    group by 1, 2, 3),
  untaken as (
    select h.*, (select s.since from jobs.job_state s where s.id = h.id) as since
    from heads h
    where not exists (
      select from jobs._live_worker w
      where (w.queues is null or h.queue = any(w.queues))
        and (w.kinds is null or h.kind = any(w.kinds))
        and jobs._asks_for(w.routing, h.routing_key)))
  select max(_now - u.since),
    jsonb_agg(jsonb_build_object('kind', u.kind, 'queue', u.queue,
        'routing_key', nullif(u.routing_key, ''), 'job', u.id,
        'known', exists (select from jobs._live_worker w where u.kind = any(w.kinds)))
      order by u.queue collate "C", u.kind collate "C", u.routing_key collate "C")
  into _oldest, _items
  from untaken u;
  return jobs._health('workers',
    case when _items is null then 'ok' when _oldest >= due_for then 'critical' else 'warning' end,
    case
      when _items is null then format('%s, and all that is ready is taken',
        jobs._count(_live, 'live worker'))
      else format('%s; nobody takes %s%s', jobs._count(_live, 'live worker'),
        (select string_agg(format('kind %s of queue %s%s', i ->> 'kind', i ->> 'queue',
          ' with routing key ' || (i ->> 'routing_key')), '; ')
        from jsonb_path_query(_items, '$[0 to 4]') as i),
        case when jsonb_array_length(_items) > 5
          then format(' and %s more', jsonb_array_length(_items) - 5) else '' end) end,
    'These jobs wait for ever: their kind is misspelt, or its worker is not deployed.',
    'jobs.explain(id) of one of them says what is missing. Start such a worker, or cancel them '
    'with jobs.cancel_many.',
    jsonb_build_object('live_workers', _live, 'oldest_s', round(extract(epoch from _oldest), 3),
      'untaken', coalesce(_items, '[]')));
end $$;
