-- The marks of every queue move as far as they may; a queue whose marks matter gets a new version.
--   bound      every ord below it is decided; null while an enqueuing transaction is open
--   run_ahead  with bound null: soft marks may pass hard ones, up to this ord, since that
--              transaction has been open for over a second; null: they stay
--   probe      look for stragglers below soft, however dear
--   mend       begin from zero: repairs a mark that is too high, whatever the cause
-- Writes: lane.
create or replace function jobs._tick_lanes(bound bigint, run_ahead bigint, probe boolean,
  mend boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _queue record;
  _soft bigint[];
  _hard bigint[];
  _s bigint;
  _h bigint;
  _live bigint;
  _moved boolean;   -- some lane's head has
  _visited bigint;
begin
  for _queue in
    select q.id, l.ver, l.priorities as old_priorities, l.soft, l.hard,
      array(select distinct p.priority from jobs.queue_priority p
        where p.queue_id = q.id order by p.priority desc) as priorities
    from jobs.queue q
    left join lateral (
      select * from jobs.lane a where a.queue_id = q.id order by a.ver desc limit 1) as l on true
  loop
    _soft := '{}';
    _hard := '{}';
    _moved := false;
    _visited := jobs._blocks_visited();
    for _nth in 1..cardinality(_queue.priorities) loop
      _s := coalesce(_queue.soft[array_position(_queue.old_priorities, _queue.priorities[_nth])],
        0);
      _h := coalesce(_queue.hard[array_position(_queue.old_priorities, _queue.priorities[_nth])],
        0);
      if mend then
        _h := 0;
      end if;
      _live := null;
      if bound is not null then
        select r.ord into _live from jobs.ready r
        where r.queue_id = _queue.id and r.priority = _queue.priorities[_nth]
          and r.ord >= _h and r.ord < bound
        order by r.ord limit 1;
        _h := coalesce(_live, greatest(_h, bound));
        _s := _h;
      elsif run_ahead is not null then
        select r.ord into _live from jobs.ready r
        where r.queue_id = _queue.id and r.priority = _queue.priorities[_nth]
          and r.ord >= case when probe or mend or _s - _h <= 20000 then _h else _s end
          and r.ord < run_ahead
        order by r.ord limit 1;
        _s := coalesce(_live, greatest(_s, run_ahead));
      end if;
      _moved := _moved or _live is not null and _s is distinct from
        _queue.soft[array_position(_queue.old_priorities, _queue.priorities[_nth])];
      _soft[_nth] := _s;
      _hard[_nth] := _h;
    end loop;
    -- An empty lane's mark moves with every tick. It is worth writing only if dead entries lie
    -- below it, which shows in the pages that the look at it took: a clean one takes three or four.
    if (_soft, _hard, _queue.priorities)
        is distinct from (_queue.soft, _queue.hard, _queue.old_priorities)
      and (_moved or _queue.priorities is distinct from _queue.old_priorities
        or jobs._blocks_visited() - _visited > 6 * cardinality(_queue.priorities)) then
      insert into jobs.lane (queue_id, ver, priorities, soft, hard)
      values (_queue.id, nextval('jobs.register_seq'), _queue.priorities, _soft, _hard);
      delete from jobs.lane where ctid = any(array(
        select l.ctid from jobs.lane l
        where l.queue_id = _queue.id and (l.ver = _queue.ver or mend and l.ver < _queue.ver)
        for update skip locked));
    end if;
  end loop;
end $$;
