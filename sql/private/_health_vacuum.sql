-- What holds back vacuum, which may not remove a row that somebody's snapshot could still see: a
-- session, a prepared transaction, a replication slot, a standby that gives feedback. A session and
-- a prepared transaction count by their time, as far as it can be seen, the others by how many
-- transactions ago their snapshot is.
create or replace function jobs._health_vacuum(
  sessions jsonb, standbys jsonb, sees_all boolean, held_for interval, held_xids bigint)
returns jobs.health_check
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := clock_timestamp();
  _oldest record;
  _status text;
  _items jsonb;
begin
  with holders as (
    select (s ->> 'xmin_age')::bigint as xids, (s ->> 'xact_start')::timestamptz as since,
      s || '{"what": "session"}' as facts
    from jsonb_array_elements(sessions) as s where s ->> 'xmin_age' is not null
    union all
    select age(p.transaction), p.prepared,
      jsonb_build_object('what', 'prepared transaction', 'gid', p.gid, 'user', p.owner,
        'prepared', p.prepared)
    from pg_prepared_xacts p where p.database = current_database()
    union all
    select age(r.xmin), null,
      jsonb_build_object('what', 'replication slot', 'slot', r.slot_name, 'active', r.active)
    from pg_replication_slots r where r.xmin is not null
    union all
    select (b ->> 'xmin_age')::bigint, null, b || '{"what": "standby"}'
    from jsonb_array_elements(standbys) as b),
  judged as (
    select h.*, case when h.since is not null then jobs._severity_for(_now - h.since, held_for)
      else jobs._severity(h.xids, held_xids) end as status
    from holders h)
  select
    case when bool_or(j.status = 'critical') then 'critical'
      when bool_or(j.status = 'warning') then 'warning' else 'ok' end,
    jsonb_agg(jsonb_strip_nulls(j.facts || jsonb_build_object('status', j.status,
      'for_s', round(extract(epoch from _now - j.since), 3), 'xmin_age', j.xids))
      order by j.xids desc)
  into _status, _items
  from judged j;
  -- the one to name is the worst, and of those the one whose snapshot is oldest
  select i, case i ->> 'what' when 'session' then 'process ' || (i ->> 'pid')
      else (i ->> 'what') || ' ' || coalesce(i ->> 'gid', i ->> 'slot',
        nullif(i ->> 'application', ''), i ->> 'address', '') end
    || coalesce(' (' || nullif(concat_ws(', ', i ->> 'user', case i ->> 'what'
      when 'session' then nullif(i ->> 'application', '') end, i ->> 'state'), '') || ')', '')
      as who
  into _oldest
  from jsonb_array_elements(_items) with ordinality as e(i, nth)
  where i ->> 'status' = _status order by e.nth limit 1;
  return jobs._health('vacuum', coalesce(_status, 'ok'),
    case when _items is null then 'nothing holds it back'
      else format('%s holds it back by %s%s', _oldest.who,
        jobs._count((_oldest.i ->> 'xmin_age')::bigint, 'transaction'),
        coalesce(' for ' || jobs._in_words((_oldest.i ->> 'for_s')::numeric * interval '1 s'), ''))
      end || case when sees_all then '' else ' (of others'' sessions little can be seen: '
        'grant pg_read_all_stats)' end,
    'Rows that are over stay in the tables and their indexes, and everything gets slower.',
    'End the session (pg_terminate_backend) or let it commit; rollback prepared; '
    'pg_drop_replication_slot; on a standby end the long query or set hot_standby_feedback = off.',
    jsonb_build_object('threshold_s', extract(epoch from held_for), 'threshold_xids', held_xids,
      'sees_all', sees_all, 'holders', coalesce(_items, '[]')));
end $$;
