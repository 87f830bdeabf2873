-- Jobs, a page at a time; nothing changes. Without a state: newest first. `ready`, `blocked` and
-- `running`: longest first. `scheduled`: next due first. States in which a job has ended: last
-- ended first.
--   state, queue, kind  only those, default any
--   after               the cursor of the last row of the page before, default none
--   max_jobs            rows at most, 1 to 1000, default 50
-- SQLSTATE JB002 for an unknown state or what is not a cursor.
create or replace function jobs.list(
  state text default null, queue text default null, kind text default null, after text default null,
  max_jobs int default 50)
returns setof jobs.job_listing
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _queue_id int := (select coalesce(max(q.id), -1) from jobs.queue q where q.name = list.queue);
  _kind_ids int[] := jobs._kind_ids(kind);
  _after bigint[] := array[]::bigint[];
  _page jsonb;   -- [[id, key], …]; keys are arrays of bigint, and a page is in their order
begin
  if max_jobs not between 1 and 1000 or max_jobs is null then
    perform jobs._raise_invalid(
      format('max_jobs is %s', max_jobs), 'max_jobs is between 1 and 1000.');
  end if;
  if after is not null then
    begin
      _after := string_to_array(after, ':')::bigint[];
    exception when data_exception then
      perform jobs._raise_invalid(
        format('after is %L', after), 'Pass the cursor of the last row of a page.');
    end;
  end if;
  if state is null then
    select jsonb_agg(jsonb_build_array(p.id, array[-p.id]) order by p.id desc) into _page from (
      select j.id from jobs.job j
      where (cardinality(_after) = 0 or j.id < -_after[1])
        and (list.queue is null or j.queue_id = _queue_id)
        and (list.kind is null or j.kind_id = any(_kind_ids))
      order by j.id desc limit max_jobs) as p;
  elsif state = 'ready' then
    select jsonb_agg(jsonb_build_array(p.id, p.key) order by p.key) into _page from (
      select i.id, array[b.ord, i.slot] as key
      from (
        select r.ord, r.ids from jobs._all_ready r
        where (cardinality(_after) = 0 or r.ord >= _after[1])
          and (list.queue is null or r.queue_id = _queue_id)
          and (list.kind is null or r.kind_id = any(_kind_ids))
        order by r.ord limit max_jobs + 1) as b
      cross join lateral unnest(b.ids) with ordinality as i(id, slot)
      where array[b.ord, i.slot] > _after
      order by key limit max_jobs) as p;
  elsif state in ('scheduled', 'blocked') then
    select jsonb_agg(jsonb_build_array(p.id, p.key) order by p.key) into _page from (
      select i.id, array[b.due, b.ord, i.slot] as key
      from (
        select s.ord, s.ids, case state when 'blocked' then 0
          else (extract(epoch from s.run_at) * 1000000)::bigint end as due
        from jobs.scheduled s
        where (s.run_at = 'infinity') = (state = 'blocked') and (cardinality(_after) = 0
          or s.run_at >= to_timestamp(_after[1] / 1000000.0) - interval '1 s')
          and (list.queue is null or s.queue_id = _queue_id)
          and (list.kind is null or s.kind_id = any(_kind_ids))
        order by s.run_at, s.ord) as b
      cross join lateral unnest(b.ids) with ordinality as i(id, slot)
      where array[b.due, b.ord, i.slot] > _after
      order by key limit max_jobs) as p;
  elsif state = 'running' then
    select jsonb_agg(jsonb_build_array(p.id, p.key) order by p.key) into _page from (
      select i.id, array[l.claim, i.slot] as key
      from jobs.lease l
      cross join lateral unnest(l.ids) with ordinality as i(id, slot)
      join jobs.job j on j.id = i.id
      where l.unfinished & (1::bigint << (i.slot - 1)::int) <> 0 and array[l.claim, i.slot] > _after
        and (list.queue is null or j.queue_id = _queue_id)
        and (list.kind is null or j.kind_id = any(_kind_ids))
      order by key limit max_jobs) as p;
  elsif state in ('completed', 'dead', 'cancelled', 'skipped', 'discarded') then
    _page := jobs._list_ended(state, case when queue is not null then _queue_id end,
      _kind_ids, _after, max_jobs);
  else
    perform jobs._raise_invalid(format('there is no state %L', state),
      'States: ready, scheduled, blocked, running, completed, dead, cancelled, skipped, '
        'discarded.');
  end if;
  return query
    select s.id, s.kind, s.queue, s.state, s.priority, s.attempt, s.run_at, s.created_at, s.since,
      case when s.state not in ('completed', 'running') then s.data ->> 'reason' end,
      (select string_agg(k, ':') from jsonb_array_elements_text(p.row -> 1) as k)
    from jsonb_array_elements(_page) with ordinality as p(row, nth)
    join jobs.job_state s on s.id = (p.row ->> 0)::bigint
    order by p.nth;
end $$;
