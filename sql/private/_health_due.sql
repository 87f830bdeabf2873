-- Are jobs run when they are due?
create or replace function jobs._health_due(due_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _worst record;
  _items jsonb;
begin
  select q.name, _now - d.due_at as age into _worst
  from jobs._oldest_due() d join jobs.queue q on q.id = d.queue_id
  order by d.due_at, q.name collate "C" limit 1;
  select jsonb_agg(jsonb_build_object('queue', q.name,
    'age_s', round(extract(epoch from _now - d.due_at), 3)) order by d.due_at)
  into _items
  from jobs._oldest_due() d join jobs.queue q on q.id = d.queue_id
  where d.due_at <= _now - due_for;
  return jobs._health('due', jobs._severity_for(_worst.age, due_for),
    case when _worst.name is null then 'no job is due and waits'
      else format('the job that waits longest, in queue %s, has been due for %s', _worst.name,
        jobs._in_words(_worst.age)) end,
    'Jobs are late: users see it first.',
    'Look at one with jobs.explain(id), as of jobs.list(''ready''); mostly workers are too few, or '
    'stand still.',
    jsonb_build_object('threshold_s', extract(epoch from due_for),
      'oldest_s', round(extract(epoch from _worst.age), 3), 'queues', coalesce(_items, '[]')));
end $$;
