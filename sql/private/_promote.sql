-- Up to max_blocks blocks whose time has come are ready, merged with their like into blocks of 60,
-- each at the place of its earliest job: by time, then in the order in which they were scheduled.
-- Sleeping workers of their queues are told. Any transaction may do it.
-- Returns how many blocks were taken. Locks: scheduled, skipping what is locked. Writes: scheduled,
-- event, ready.
create or replace function jobs._promote(max_blocks int)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _floor timestamptz := (select r.scheduled_floor from jobs.register r order by r.ver desc limit 1);
  _now timestamptz := jobs.now();
  _row record;
  _block jobs.ready;
  _taken int := 0;
begin
  if not exists (select from jobs.scheduled s where s.run_at >= _floor and s.run_at <= _now) then
    return 0;
  end if;
  for _row in
    with due as (
      delete from jobs.scheduled where ctid = any(array(
        select s.ctid from jobs.scheduled s
        where s.run_at >= _floor and s.run_at <= _now
        order by s.run_at, s.ord limit max_blocks for update skip locked))
      returning *),
    placed as (
      select d.*, row_number() over (order by d.run_at, d.ord) as place,
        case when d.flags & 4 <> 0 then d.ord end as alone   -- a block has one key
      from due d),
    -- one row per id, numbered among its like; a block's ids lie within 1,024 of one another
    flat as (
      select p.*, u.id, row_number() over like_it as nth
      from placed p cross join lateral unnest(p.ids) as u(id)
      window like_it as (
        partition by p.queue_id, p.kind_id, p.priority, p.attempt, p.claims, p.flags, p.lease_ms,
          p.timeout_ms, p.routing_key, p.alone, u.id >> 10
        order by u.id))
    select queue_id, kind_id, priority, attempt, claims, flags, lease_ms, timeout_ms, routing_key,
      alone, array_agg(id order by id) as ids, (select count(*) from due)::int as taken
    from flat
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, alone, id >> 10, (nth - 1) / 60
    -- by id where one row's jobs have come into two blocks: both have its place
    order by min(place), min(id)
  loop
    _block := row(null, _row.queue_id, _row.kind_id, _row.priority, _row.attempt, _row.claims,
      _row.flags,
      _row.lease_ms, _row.timeout_ms, _row.routing_key, _row.ids);
    perform jobs._log('promoted', _block.queue_id, _block.attempt, _block.ids);
    perform jobs._put(_block, null);
    _taken := _row.taken;
  end loop;
  return _taken;
end $$;
