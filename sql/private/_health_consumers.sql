-- Does each consumer get on?
create or replace function jobs._health_consumers(stuck_for interval)
returns jobs.health_check
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _all bigint;
  _worst interval;
  _names text;
  _items jsonb;
begin
  select count(*), max(_now - c.moved_at) filter (where c.stuck),
    string_agg(format('%s %s', c.name, c.why), '; ' order by c.name collate "C")
      filter (where c.stuck),
    jsonb_agg(jsonb_build_object('consumer', c.name, 'why', c.why, 'behind', c.behind,
      'moved_at', c.moved_at, 'failures', c.failures) order by c.name collate "C")
      filter (where c.stuck)
  into _all, _worst, _names, _items
  from jobs.list_consumers(stuck_for => stuck_for) c;
  return jobs._health('consumers',
    case when _items is null then 'ok' when _worst >= 10 * stuck_for then 'critical'
      else 'warning' end,
    case when _items is null then jobs._count(_all, 'consumer') || ', and none is stuck'
      else format('stuck: %s', _names) end,
    'What they build out of the log is out of date, and their events are kept.',
    'Read the error with jobs.list_consumers() and mend its cause; jobs.reset_consumer lets one go '
    'on elsewhere.',
    jsonb_build_object('threshold_s', extract(epoch from stuck_for), 'consumers', _all,
      'stuck', coalesce(_items, '[]')));
end $$;
