-- Claims up to max_jobs jobs for the worker; the arguments are those of claim, and whether to tick
-- if nobody has (_freshen). Returns the claims made, in claim order. Blocks of one lane that agree
-- in what a claim shares (_share_a_claim) are one claim, of up to 60.
-- A lane is a queue and a priority. Each is scanned from its soft watermark (see tick), so that the
-- cost does not grow with what has been claimed before. A block that holds more than is wanted is
-- split; the rest goes back under the same ord and keeps its place.
-- Limits of queues and kinds leave room for some jobs (_rooms). Of a block of jobs with keys some
-- or none may start (_startable); it is a claim of its own, granted before the next is looked at;
-- 500 at most, or 2000 if none may start, as each holds a lock of the few that all sessions share.
create or replace function jobs._take(
  queues text[], worker uuid, max_jobs int, lease interval, kinds text[], routing text[],
  freshen boolean)
returns jobs.lease[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _lease_ms int :=
    case when lease is null then 30000 else jobs._milliseconds('lease', lease, 1000) end;
  _kinds int[];      -- null: any
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _lanes record;     -- queue_ids, priorities, softs: the lanes side by side
  _blocks int;       -- how many are asked for, and found
  _found int;
  _taken jobs.ready[];
  _block jobs.ready;
  _alive jobs.ready; -- the block without those that are dead now
  _next jobs.ready;  -- the claim that is being put together
  _left int := max_jobs;
  _softs bigint[];
  _limited boolean := false;
  _found_rooms jobs.rooms;
  _rooms jobs.rooms; -- what is left of them
  _most int;
  _looked_at int := 0;   -- blocks with keys; one whose key another claim has is a hundred
  _leases jobs.lease[] := array[]::jobs.lease[];
begin
  if max_jobs not between 1 and 10000 or max_jobs is null then
    perform jobs._raise_invalid(format('max_jobs is %s', max_jobs),
      'max_jobs is between 1 and 10000.');
  end if;
  <<passes>>
  for _pass in 1..2 loop
    if _pass = 1 and cardinality(queues) = 1 then
      _lanes := jobs._known_lanes(queues[1], freshen);
    else
      _lanes := jobs._lanes(queues, freshen);
    end if;
    _softs := _lanes.softs;
    if _lanes.paused or kinds is not null and _kinds is null then
      _kinds := jobs._kinds(kinds);
    end if;
    if _lanes.limited and not _limited then
      _limited := true;
      _found_rooms := jobs._rooms(_lanes.queue_ids, _kinds, max_jobs);
      _rooms := _found_rooms;
    end if;
    if _limited then
      _kinds := jobs._kinds_with_room(_kinds, _rooms);
    end if;

    for _lane in 1..coalesce(cardinality(_lanes.queue_ids), 0) loop
      _blocks := null;
      loop
        _most := _left;
        if _limited then
          _most := least(_left, jobs._room_for(_rooms, _lanes.queue_ids[_lane], 0));
          exit when _most = 0;
        end if;
        _blocks := least(_most, coalesce(_blocks, (_most + 59) / 60));
        if _blocks = 1 and _softs[_lane] is not null then
          delete from jobs.ready where ctid = (
            select r.ctid from jobs.ready r
            where r.queue_id = _lanes.queue_ids[_lane] and r.priority = _lanes.priorities[_lane]
              and r.ord >= _softs[_lane]
              and (_kinds is null or r.kind_id = any(_kinds))
              and (routing is null or r.routing_key = any(routing)
                or _unrouted and r.routing_key = '')
            order by r.ord limit 1 for update skip locked)
          returning * into _block;
          _found := found::int;
        else
          _taken := jobs._take_blocks(_lanes.queue_ids[_lane], _lanes.priorities[_lane],
            _softs[_lane], _kinds, routing, _blocks);
          _found := cardinality(_taken);
        end if;
        for _nth in 1.._found loop
          if _blocks > 1 or _softs[_lane] is null then
            _block := _taken[_nth];
          end if;
          _most := _left;
          if _limited then
            _most := least(_left, jobs._room_for(_rooms, _block.queue_id, _block.kind_id));
          end if;
          if cardinality(_block.ids) > _most then
            _block := jobs._keep_first(_block, _most);
          end if;
          if _block.claims > 0 and _block.ids <> '{}' then
            _alive := jobs._without_exhausted(_block);
            if _alive.ids <> _block.ids and jobs._is_paused(_block.queue_id, _block.kind_id) then
              -- a death has paused them just now: what is not this caller's yet stays there
              perform jobs._put_back(b) from unnest(_alive || _taken[_nth + 1:_found]) as b;
              exit passes;
            end if;
            _block := _alive;
          end if;
          if _block.flags & 4 <> 0 then
            -- what goes back is not for this call
            _softs[_lane] := case when _softs[_lane] is not null then _block.ord + 1 end;
            _block := jobs._startable(_block);
            _looked_at := _looked_at + case when _block.ids is null then 100 else 1 end;
          end if;
          continue when coalesce(_block.ids, '{}') = '{}';
          _left := _left - cardinality(_block.ids);
          if _limited then
            _rooms := jobs._use_room(_rooms, _block);
            _kinds := jobs._kinds_with_room(_kinds, _rooms);
          end if;
          if _next.ids is not null and jobs._share_a_claim(_next, _block, _limited) then
            _next.ids := _next.ids || _block.ids;
            _next.kind_id := case when _next.kind_id = _block.kind_id then _next.kind_id else 0 end;
            continue;
          end if;
          if _next.ids is not null then
            _leases := _leases || jobs._grant(_next, worker, _lease_ms);
          end if;
          _next := _block;
          if _block.flags & 4 <> 0 then
            _leases := _leases || jobs._grant(_next, worker, _lease_ms);
            _next := null;
          end if;
        end loop;
        exit passes when _left = 0 or _looked_at >= 2000 - 1500 * (_left < max_jobs)::int;
        exit when _found < _blocks or _softs[_lane] is null and _looked_at > 100;
        -- the blocks were smaller than 60: ask for as many more as their size suggests
        _blocks := greatest(1, least(500,
          ceil(_left::float8 * _blocks / greatest(1, max_jobs - _left))));
      end loop;
    end loop;
    exit when _left < max_jobs or cardinality(queues) is distinct from 1;
    -- nothing there: a lane may be newer than the last tick
  end loop;
  if _next.ids is not null then
    _leases := _leases || jobs._grant(_next, worker, _lease_ms);
  end if;
  if _limited then
    perform jobs._charge(_found_rooms, _rooms);
  end if;
  return _leases;
end $$;
