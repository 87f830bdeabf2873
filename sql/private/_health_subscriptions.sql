-- Are events made into jobs? Of each subscription that lags the oldest event without a job counts.
create or replace function jobs._health_subscriptions(lag_for interval)
returns jobs.health_check
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _all bigint := (select count(*) from jobs.subscription);
  _worst interval;
  _names text;
  _items jsonb;
begin
  select max(_now - e.at), string_agg(s.name, ', ' order by s.name collate "C"),
    jsonb_agg(jsonb_build_object('subscription', s.name, 'pos', e.pos,
      'lag_s', round(extract(epoch from _now - e.at), 3)) order by s.name collate "C")
  into _worst, _names, _items
  from jobs.subscription s
  cross join lateral jobs._unserved(s, null, 1) u
  join jobs.stream_event e on e.pos = u.poss[1]
  where s.backfill_pos is not null and not s.paused and e.at <= _now - lag_for;
  return jobs._health('subscriptions', jobs._severity_for(_worst, lag_for),
    case when _items is null then jobs._count(_all, 'subscription') || ', and none lags'
      else format('events of %s ago are no jobs yet: %s', jobs._in_words(_worst), _names) end,
    'Events that were appended have not had their effect.',
    'jobs.tick() fills them step by step; jobs.backfill() does it at once.',
    jsonb_build_object('threshold_s', extract(epoch from lag_for), 'subscriptions', _all,
      'lagging', coalesce(_items, '[]')));
end $$;
