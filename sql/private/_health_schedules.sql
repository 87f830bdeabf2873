-- Does each schedule make its jobs, and in time?
create or replace function jobs._health_schedules(tick_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _all bigint;
  _late interval;
  _failing text;
  _overdue text;
  _items jsonb;
begin
  select count(*), max(_now - s.next_at) filter (where s.next_at <= _now - tick_for),
    string_agg(format('%s: %s', s.name, s.error ->> 'message'), '; ' order by s.name collate "C")
      filter (where s.error is not null),
    string_agg(s.name, ', ' order by s.name collate "C")
      filter (where s.next_at <= _now - tick_for),
    jsonb_agg(jsonb_build_object('schedule', s.name, 'error', s.error, 'next_at', s.next_at)
      order by s.name collate "C")
      filter (where s.error is not null or s.next_at <= _now - tick_for)
  into _all, _late, _failing, _overdue, _items
  from jobs.schedule s where not s.paused;
  return jobs._health('schedules',
    case when _failing is null then jobs._severity_for(_late, tick_for)
      else coalesce(nullif(jobs._severity_for(_late, tick_for), 'ok'), 'warning') end,
    coalesce(
      concat_ws('; ', 'the last time made no job: ' || _failing,
        format('past their time by up to %s: ', jobs._in_words(_late)) || _overdue),
      '') || case when _items is null then jobs._count(_all, 'schedule') || ', all in order'
        else '' end,
    'Recurring work is left out.',
    'Mend the cause that the error names; jobs.run_schedule makes up for one. If they are past '
    'their time, nobody calls jobs.tick() or jobs.maintain().',
    jsonb_build_object('threshold_s', extract(epoch from tick_for), 'schedules', _all,
      'in_trouble', coalesce(_items, '[]')));
end $$;
