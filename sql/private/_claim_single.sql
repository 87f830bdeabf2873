-- Claims the first job of one queue, if it stands alone in its block and was never claimed before:
-- what _take and _grant would do, at half their cost, since nothing is kept in arrays or rows on
-- the way.
-- Returns it as claim does; nulls, and nothing has changed, if there is no such job or it is not
-- that simple: then ask _take. The arguments are those of claim and _take.
create or replace function jobs._claim_single(
  queue text, worker uuid, lease interval, kinds text[], routing text[], freshen boolean,
  out token bigint, out id bigint, out kind text, out args jsonb, out headers jsonb,
  out max_attempts int, out priority int, out timeout interval, out created_at timestamptz,
  out lease_ms int)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _now timestamptz := jobs.now();
  _queue record;
  _kinds int[];       -- null: any
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _row_id tid;
  _kind_id int;
  _claims smallint;
  _flags smallint;
  _lease_ms int;
  _timeout_ms int;
  _ids bigint[];
  _claim bigint;
  _rooms jobs.rooms;
begin
  select q.id, q.max_attempts, l.priorities, l.soft,
    exists (select from jobs.pause) as paused,
    q.max_running is not null or q.rate is not null
      or exists (
        select from jobs.kind k where k.max_running is not null or k.rate is not null) as limited,
    (select r.at from jobs.register r order by r.ver desc limit 1) as ticked_at
  into _queue
  from jobs.queue q
  join lateral (
    select * from jobs.lane a where a.queue_id = q.id order by a.ver desc limit 1) as l on true
  where q.name = _claim_single.queue and q.ageing is null and not q.is_fair;
  if not found then
    return;
  end if;
  if freshen and jobs._freshen(_queue.ticked_at) then
    _queue.paused := exists (select from jobs.pause);   -- perhaps by a death that it found
  end if;
  if _queue.paused and jobs._is_paused(_queue.id) then
    return;
  end if;
  if kinds is not null or _queue.paused then
    _kinds := jobs._kinds(kinds);
  end if;
  if _queue.limited then
    _rooms := jobs._rooms(array[_queue.id], _kinds, 1);
    if jobs._room_for(_rooms, _queue.id, 0) = 0 then
      return;
    end if;
    _kinds := jobs._kinds_with_room(_kinds, _rooms);
  end if;

  for _lane in 1..cardinality(_queue.priorities) loop
    select r.ctid, r.kind_id, r.claims, r.flags, r.lease_ms, r.timeout_ms, r.ids
    into _row_id, _kind_id, _claims, _flags, _lease_ms, _timeout_ms, _ids
    from jobs.ready r
    where r.queue_id = _queue.id and r.priority = _queue.priorities[_lane]
      and r.ord >= _queue.soft[_lane]
      and (_kinds is null or r.kind_id = any(_kinds))
      and (routing is null or r.routing_key = any(routing) or _unrouted and r.routing_key = '')
    order by r.ord limit 1 for update skip locked;
    continue when not found;
    if cardinality(_ids) > 1 or _claims > 0 or _flags & 4 <> 0 then
      return;
    end if;

    delete from jobs.ready where ctid = _row_id;
    if current_setting('synchronous_commit') = 'off' then
      perform set_config('synchronous_commit', 'local', true);   -- see _grant
    end if;
    insert into jobs.event (pos, xid, at, claim, queue_id, type, attempt, worker, ids)
    select p.pos, pg_current_xact_id(), _now, (p.pos << 12) | floor(random() * 4096)::bigint,
      _queue.id, 'claimed', 1, _claim_single.worker, _ids
    from (select nextval('jobs.pos_seq') as pos) as p
    returning claim into _claim;
    if _lease_ms > 0 then
      _flags := _flags | 1;
    else
      _lease_ms := coalesce(nullif(jobs._milliseconds('lease', lease, 1000), 0), 30000);
    end if;
    insert into jobs.lease (
      claim, until, deadline, unfinished, queue_id, kind_id, lease_ms, timeout_ms, priority,
      attempt, claims, flags, ids)
    values (
      _claim, _now + _lease_ms * interval '1 ms',
      case _timeout_ms when 0 then 'infinity'
        else _now + (_lease_ms + _timeout_ms) * interval '1 ms' end,
      1, _queue.id, _kind_id, _lease_ms, _timeout_ms, _queue.priorities[_lane], 1, 1, _flags,
      _ids);
    select _claim << 6, j.id, coalesce(k.alias_of, k.name), j.args, j.options -> 'headers',
      coalesce((j.options ->> 'max_attempts')::int, k.max_attempts, _queue.max_attempts, 20),
      _queue.priorities[_lane], nullif(_timeout_ms, 0) * interval '1 ms', j.created_at, _lease_ms
    into token, id, kind, args, headers, max_attempts, priority, timeout, created_at, lease_ms
    from jobs.job j join jobs.kind k on k.id = _kind_id
    where j.id = _ids[1];
    if _queue.limited then
      perform jobs._charge(_rooms, jobs._use_room(_rooms,
        row(null, _queue.id, _kind_id, 0, 0, 0, 0, 0, 0, '', _ids)::jobs.ready));
    end if;
    return;
  end loop;
end $$;
