-- Claims up to max_jobs jobs for the worker; the arguments are those of claim. Returns the claims made,
-- in claim order. Blocks of one lane that agree in attempt, lease and timeout share a claim of up to 60.
--
-- A lane is a queue and a priority. Each is scanned from its soft watermark (see tick), so that the
-- cost does not grow with what has been claimed before. A block that holds more than is wanted is
-- split; the rest goes back under the same ord and keeps its place.
create or replace function jobs._take(
  queues text[], worker uuid, max_jobs int, lease interval, kinds text[], routing text[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _lease_ms int := coalesce(nullif(jobs._milliseconds('lease', lease, 1000), 0), 30000);
  _kinds int[];       -- null: any
  _not_kinds int[];   -- paused
  _unrouted boolean := cardinality(routing) = 0 or array_position(routing, null) is not null;
  _lane record;
  _row record;
  _block jobs.ready;
  _rest jobs.ready;
  _next jobs.ready;   -- the claim that is being put together
  _left int := max_jobs;
  _blocks int;
  _found int;
  _claims bigint[] := array[]::bigint[];
begin
  if max_jobs not between 1 and 10000 or max_jobs is null then
    perform jobs._raise_invalid(format('max_jobs is %s', max_jobs), 'max_jobs is between 1 and 10000.');
  end if;
  if kinds is not null then
    _kinds := array(select k.id from jobs.kind k where k.name = any(kinds));
  end if;
  select array_agg(k.id) into _not_kinds from jobs.kind k where k.paused;

  <<lanes>>
  for _lane in
    select q.id as queue_id, p.priority,
      coalesce((
        select l.soft[array_position(l.priorities, p.priority)] from jobs.lane l
        where l.queue_id = q.id order by l.ver desc limit 1), 0) as soft
    from unnest(coalesce(queues, array(select a.name from jobs.queue a order by a.id)))
      with ordinality as n(name, nth)
    join jobs.queue q on q.name = n.name and not q.paused
    join jobs.queue_priority p on p.queue_id = q.id
    order by p.priority desc, n.nth
  loop
    _blocks := least(_left, (_left + 59) / 60);
    loop
      _found := 0;
      for _row in
        with taken as (
          delete from jobs.ready where ctid = any(array(
            select r.ctid from jobs.ready r
            where r.queue_id = _lane.queue_id and r.priority = _lane.priority and r.ord >= _lane.soft
              and (_kinds is null or r.kind_id = any(_kinds))
              and (_not_kinds is null or r.kind_id <> all(_not_kinds))
              and (routing is null or r.routing_key = any(routing) or _unrouted and r.routing_key = '')
            order by r.ord limit _blocks for update skip locked))
          returning *)
        select * from taken order by ord
      loop
        _block := _row;
        _found := _found + 1;
        if cardinality(_block.ids) > _left then
          _rest := _block;
          _rest.ids := _block.ids[_left + 1:];
          insert into jobs.ready select (_rest).*;
          continue when _left = 0;
          _block.ids := _block.ids[:_left];
        end if;
        if _block.claims > 0 then
          _block := jobs._without_exhausted(_block);
          continue when _block.ids = '{}';
        end if;
        _left := _left - cardinality(_block.ids);
        if _next.ids is not null
          and _next.queue_id = _block.queue_id and _next.priority = _block.priority
          and _next.attempt = _block.attempt and _next.claims = _block.claims
          and _next.flags = _block.flags and _next.lease_ms = _block.lease_ms
          and _next.timeout_ms = _block.timeout_ms
          and cardinality(_next.ids) + cardinality(_block.ids) <= 60 then
          _next.ids := _next.ids || _block.ids;
        else
          if _next.ids is not null then
            _claims := _claims || jobs._grant(_next, worker, _lease_ms);
          end if;
          _next := _block;
        end if;
      end loop;
      exit lanes when _left = 0;
      exit when _found < _blocks;
      -- the blocks were smaller than 60: ask for as many more as their size suggests
      _blocks := least(_left, greatest(1,
        ceil(_left::float8 * _found / greatest(1, max_jobs - _left))));
    end loop;
  end loop;
  if _next.ids is not null then
    _claims := _claims || jobs._grant(_next, worker, _lease_ms);
  end if;
  return _claims;
end $$;
