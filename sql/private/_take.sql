-- Claims up to max_jobs jobs for the worker; the arguments are those of claim, and whether to tick
-- if nobody has (_freshen). Returns the claims made, in claim order. Blocks of one lane that agree
-- in attempt, lease and timeout, and whose ids ascend and lie within 1,024, share a claim of up to
-- 60.
--
-- A lane is a queue and a priority. Each is scanned from its soft watermark (see tick), so that the
-- cost does not grow with what has been claimed before. A block that holds more than is wanted is
-- split; the rest goes back under the same ord and keeps its place.
create or replace function jobs._take(
  queues text[], worker uuid, max_jobs int, lease interval, kinds text[], routing text[],
  freshen boolean)
returns jobs.lease[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _lease_ms int := 30000;
  _kinds int[];      -- null: any
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _lanes record;     -- queue_ids, priorities, softs: the lanes side by side
  _blocks int;       -- how many to ask for
  _found int;        -- how many there were
  _taken jobs.ready[];
  _block jobs.ready;
  _rest jobs.ready;
  _alive jobs.ready; -- the block without those that are dead now
  _next jobs.ready;  -- the claim that is being put together
  _left int := max_jobs;
  _leases jobs.lease[] := array[]::jobs.lease[];
begin
  if max_jobs not between 1 and 10000 or max_jobs is null then
    perform jobs._raise_invalid(format('max_jobs is %s',
      max_jobs), 'max_jobs is between 1 and 10000.');
  end if;
  if lease is not null then
    _lease_ms := jobs._milliseconds('lease', lease, 1000);
  end if;
  <<passes>>
  for _pass in 1..2 loop
    if _pass = 1 and cardinality(queues) = 1 then
      -- the common case, in one statement: the lanes that the last tick knew
      select array_fill(q.id, array[cardinality(l.priorities)]) as queue_ids, l.priorities,
        l.soft as softs,
        exists (select from jobs.pause) as paused,
        (select r.at from jobs.register r order by r.ver desc limit 1) as ticked_at
      into _lanes
      from jobs.queue q
      join lateral (
        select * from jobs.lane a where a.queue_id = q.id order by a.ver desc limit 1) as l on true
      where q.name = queues[1];
      if freshen and _lanes.ticked_at is not null and jobs._freshen(_lanes.ticked_at) then
        _lanes.paused := exists (select from jobs.pause);   -- perhaps by a death that it found
      end if;
      if _lanes.paused and jobs._is_paused(_lanes.queue_ids[1]) then
        _lanes.queue_ids := null;
      end if;
    else
      if freshen then
        perform jobs._freshen();
      end if;
      _lanes := jobs._lanes(queues);
    end if;
    if _lanes.paused or kinds is not null and _kinds is null then
      _kinds := jobs._kinds(kinds);
    end if;

    for _lane in 1..coalesce(cardinality(_lanes.queue_ids), 0) loop
      _blocks := least(_left, (_left + 59) / 60);
      loop
        if _blocks = 1 then
          delete from jobs.ready where ctid = (
            select r.ctid from jobs.ready r
            where r.queue_id = _lanes.queue_ids[_lane] and r.priority = _lanes.priorities[_lane]
              and r.ord >= _lanes.softs[_lane]
              and (_kinds is null or r.kind_id = any(_kinds))
              and (routing is null or r.routing_key = any(routing) or _unrouted
                and r.routing_key = '')
            order by r.ord limit 1 for update skip locked)
          returning * into _block;
          _found := found::int;
        else
          _taken := jobs._take_blocks(_lanes.queue_ids[_lane], _lanes.priorities[_lane],
            _lanes.softs[_lane], _kinds, routing, _blocks);
          _found := cardinality(_taken);
        end if;
        for _nth in 1.._found loop
          if _blocks > 1 then
            _block := _taken[_nth];
          end if;
          if cardinality(_block.ids) > _left then
            _rest := _block;
            _rest.ids := _block.ids[_left + 1:];
            insert into jobs.ready select (_rest).*;
            continue when _left = 0;
            _block.ids := _block.ids[:_left];
          end if;
          if _block.claims > 0 then
            _alive := jobs._without_exhausted(_block);
            if _alive.ids <> _block.ids and jobs._is_paused(_block.queue_id, _block.kind_id) then
              -- a death has paused them just now: what is not this caller's yet stays there
              insert into jobs.ready
                select b.* from unnest(_alive || _taken[_nth + 1:_found]) as b where b.ids <> '{}';
              exit passes;
            end if;
            continue when _alive.ids = '{}';
            _block := _alive;
          end if;
          _left := _left - cardinality(_block.ids);
          if _next.ids is null then
            _next := _block;
          elsif (_next.queue_id, _next.priority, _next.attempt, _next.claims, _next.flags,
            _next.lease_ms,
                _next.timeout_ms)
              = (_block.queue_id, _block.priority, _block.attempt, _block.claims, _block.flags,
                _block.lease_ms, _block.timeout_ms)
            and cardinality(_next.ids) + cardinality(_block.ids) <= 60
            and _block.ids[1] > _next.ids[cardinality(_next.ids)]
            and _block.ids[cardinality(_block.ids)] - _next.ids[1] < 1024 then
            _next.ids := _next.ids || _block.ids;
            _next.kind_id := case when _next.kind_id = _block.kind_id then _next.kind_id else 0 end;
          else
            _leases := _leases || jobs._grant(_next, worker, _lease_ms);
            _next := _block;
          end if;
        end loop;
        exit passes when _left = 0;
        exit when _found < _blocks;
        -- the blocks were smaller than 60: ask for as many more as their size suggests
        _blocks := least(_left, greatest(1,
          ceil(_left::float8 * _blocks / greatest(1, max_jobs - _left))));
      end loop;
    end loop;
    -- nothing there: a lane may be newer than the last tick
    exit when _left < max_jobs or cardinality(queues) is distinct from 1;
  end loop;
  if _next.ids is not null then
    _leases := _leases || jobs._grant(_next, worker, _lease_ms);
  end if;
  return _leases;
end $$;
