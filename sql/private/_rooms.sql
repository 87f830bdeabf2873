-- What the limits of these queues and kinds (null: any) leave for a claim of `wanted` jobs: those
-- with a limit, side by side with their room. In one order for all claims, as each waits for locks.
create or replace function jobs._rooms(of_queues int[], of_kinds int[], wanted int)
returns jobs.rooms
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _rooms jobs.rooms := row(array[]::int[], array[]::int[], array[]::int[], array[]::int[]);
  _limit record;
begin
  for _limit in
    select q.id, q.max_running, q.rate, q.burst from jobs.queue q
    where q.id = any(of_queues) and (q.max_running is not null or q.rate is not null)
    order by q.id
  loop
    _rooms.queue_ids := _rooms.queue_ids || _limit.id;
    _rooms.queue_rooms := _rooms.queue_rooms
      || jobs._room('q', _limit.id, _limit.max_running, _limit.rate, _limit.burst, wanted);
  end loop;
  for _limit in
    select k.id, k.max_running, k.rate, k.burst from jobs.kind k
    where (of_kinds is null or k.id = any(of_kinds))
      and (k.max_running is not null or k.rate is not null)
    order by k.id
  loop
    _rooms.kind_ids := _rooms.kind_ids || _limit.id;
    _rooms.kind_rooms := _rooms.kind_rooms
      || jobs._room('k', _limit.id, _limit.max_running, _limit.rate, _limit.burst, wanted);
  end loop;
  return _rooms;
end $$;
