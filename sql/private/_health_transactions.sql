-- Does an open transaction hold locks on the tables of jobs, which keeps watermarks and readers of
-- the log at its place? How long it does is told by its start, and where that cannot be seen by the
-- epoch (_next_epoch) that waits for it.
create or replace function jobs._health_transactions(
  sessions jsonb, sees_all boolean, lag_for interval)
returns jobs.health_check
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := clock_timestamp();
  _holding bigint;
  _worst record;
  _items jsonb;
begin
  with epochs as (
    select h.holder, min(e.at) as at
    from (select * from jobs.register r order by r.ver desc limit 1) as r
    cross join lateral (values (r.ready_epoch), (r.scheduled_epoch), (r.log_epoch)) as v(epoch)
    cross join lateral (select (v.epoch).at, (v.epoch).holders) as e
    cross join lateral unnest(e.holders) as h(holder)
    group by 1),
  holders as (
    select l.virtualtransaction as holder, l.pid,
      array_agg(distinct l.relation::regclass::text) as tables
    from pg_locks l
    where l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
      and l.relation in ('jobs.ready'::regclass, 'jobs.scheduled'::regclass,
        'jobs.fair_line'::regclass, 'jobs.lease'::regclass, 'jobs.job'::regclass,
        'jobs.event'::regclass, 'jobs.stream_event'::regclass)
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
    group by 1, 2)
  select count(*),
    jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pid', h.pid, 'prepared', p.gid,
      'user', coalesce(s.s ->> 'user', p.owner), 'application', s.s ->> 'application',
      'state', s.s ->> 'state', 'query_start', s.s ->> 'query_start', 'since', t.since,
      'for_s', round(extract(epoch from _now - t.since), 3), 'tables', h.tables))
      order by t.since) filter (where t.since <= _now - lag_for)
  into _holding, _items
  from holders h
  left join lateral (
    select x as s from jsonb_array_elements(sessions) as x
    where (x ->> 'pid')::int = h.pid limit 1) as s on true
  left join lateral (   -- it keeps the virtual id that its session had, until a restart
    select r.* from pg_locks l join pg_prepared_xacts r on r.transaction = l.transactionid
    where h.pid is null and l.pid is null and l.virtualtransaction = h.holder
      and l.locktype = 'transactionid' limit 1) as p on true
  left join epochs e on e.holder = h.holder
  cross join lateral (
    select coalesce((s.s ->> 'xact_start')::timestamptz, p.prepared, e.at) as since) as t;
  select (i ->> 'for_s')::numeric as for_s, coalesce('process ' || (i ->> 'pid'),
      'the prepared transaction ' || (i ->> 'prepared'))
    || coalesce(' (' || nullif(concat_ws(', ', i ->> 'user', nullif(i ->> 'application', ''),
      i ->> 'state'), '') || ')', '') as who
  into _worst
  from jsonb_array_elements(_items) as i limit 1;
  return jobs._health('transactions', jobs._severity(_worst.for_s, extract(epoch from lag_for)),
    case
      when _items is null then format('%s with locks on tables of jobs, none for long',
        jobs._count(_holding, 'open transaction'))
      else format('%s has held locks on tables of jobs for %s%s', _worst.who,
        jobs._in_words(_worst.for_s * interval '1 s'),
        case when jsonb_array_length(_items) > 1
          then format(', and %s more', jsonb_array_length(_items) - 1) else '' end) end
      || case when sees_all then '' else ' (of others'' sessions little can be seen: '
        'grant pg_read_all_stats)' end,
    'Readers of the log stop at its place, and jobs that it has claimed or enqueued are not to be '
    'had.',
    'Let it commit: claim in autocommit, and enqueue at the end of a transaction. '
    'select pg_terminate_backend(pid) ends it, rollback prepared a prepared one.',
    jsonb_build_object('threshold_s', extract(epoch from lag_for), 'holding', _holding,
      'sees_all', sees_all, 'transactions', coalesce(_items, '[]')));
end $$;
