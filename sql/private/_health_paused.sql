-- Is something paused for so long that it may have been forgotten?
create or replace function jobs._health_paused(paused_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _worst interval;
  _names text;
  _items jsonb;
begin
  select max(_now - p.at),
    string_agg(format('%s %s%s', p.what, p.name, coalesce(': ' || p.reason, '')), '; '
      order by p.what, p.name collate "C"),
    jsonb_agg(jsonb_build_object(p.what, p.name, 'paused_at', p.at, 'paused_by', p.paused_by,
      'reason', p.reason) order by p.what, p.name collate "C")
  into _worst, _names, _items
  from (
    select case when l.queue is not null then 'queue' else 'kind' end as what,
      coalesce(l.queue, l.kind) as name, l.at, l.paused_by, l.reason
    from jobs.list_pauses() l
    union all
    select 'subscription', s.name, null, null, null from jobs.subscription s where s.paused
    union all
    select 'schedule', s.name, null, null, null from jobs.schedule s where s.paused) as p;
  return jobs._health('paused', jobs._severity_for(_worst, paused_for),
    case when _items is null then 'nothing is paused' else 'paused: ' || _names end,
    'Jobs of what is paused wait, and nobody may remember why.',
    'jobs.resume(queue => …), (kind => …), when its cause is gone.',
    jsonb_build_object('threshold_s', extract(epoch from paused_for),
      'longest_s', round(extract(epoch from _worst), 3), 'paused', coalesce(_items, '[]')));
end $$;
