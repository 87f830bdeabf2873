-- Is there a queue with busy slots and no completions? Its newest claim is older than that, jobs
-- wait as long, and none has come to an end since. The end of the log is looked at as far as 10,000
-- events.
create or replace function jobs._health_stuck(stuck_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _stuck text[];
  _items jsonb;
begin
  select array_agg(q.name order by q.name collate "C"),
    jsonb_agg(jsonb_build_object('queue', q.name, 'running', h.running, 'claimed_at', e.at,
      'worker', w.name) order by q.name collate "C")
  into _stuck, _items
  from (
    select l.queue_id, max(l.claim) as claim,
      sum(bit_count(l.unfinished::bit(64)))::bigint as running
    from jobs.lease l group by 1) as h
  join jobs.queue q on q.id = h.queue_id
  join jobs._oldest_due() d on d.queue_id = h.queue_id and d.due_at <= _now - stuck_for
  join jobs.event e on e.pos = h.claim >> 12 and e.at <= _now - stuck_for
  left join jobs.worker w on w.id = e.worker
  where not exists (
    select from (select * from jobs.event b order by b.pos desc limit 10000) as b
    where b.queue_id = h.queue_id and b.at > _now - stuck_for
      and b.type in ('completed', 'failed', 'dead', 'snoozed', 'skipped', 'discarded', 'released',
        'expired'));
  return jobs._health('stuck', case when _stuck is null then 'ok' else 'critical' end,
    case when _stuck is null then 'no queue has busy slots and no completions'
      else format('jobs of queue %s run and none has ended for %s, while others wait',
        array_to_string(_stuck, ', '), jobs._in_words(stuck_for)) end,
    'Every slot is taken by a handler that does not come to an end; the queue stands still.',
    'Look at what runs with jobs.list(''running'') and at the workers'' logs; give the kinds a '
    'timeout with jobs.configure_kind.',
    jsonb_build_object('threshold_s', extract(epoch from stuck_for),
      'queues', coalesce(_items, '[]')));
end $$;
