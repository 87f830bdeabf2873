-- About max_results results that are older than their queue keeps them are gone, oldest first; jobs
-- and history stay. A result is an element of event.data, by the order of ids. What replaces the
-- array has one element, at index 0, which no other array has: the slots whose results are gone,
-- or `true` for all of them. So a job that returned null is told from one whose result is gone.
-- The rest is as in _prune_jobs. Writes: event, prune_mark.
create or replace function jobs._prune_results(
  seconds numeric, now timestamptz, upto_pos bigint, max_results int)
returns table (queue_id int, jobs bigint, oldest timestamptz, newest timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
  _cutoff timestamptz := now - seconds * interval '1 s';
  _left bigint := max_results;
  _mark bigint;
  _queue_ids int[];
  _step bigint;
  _events refcursor;
  _poss bigint[] := array[]::bigint[];
  _gone bigint := 0;
  _pos bigint;
  _at timestamptz;
  _queue_id int;
  _ids bigint[];
  _old boolean;
  _held bigint;
begin
  -- What is rewritten must not come back with a copy of events (_compact), which other snapshots
  -- may not show.
  if not pg_try_advisory_xact_lock_shared(29816, 'jobs.compaction'::regclass::oid::int)
    or current_setting('transaction_isolation') <> 'read committed' then
    return;
  end if;
  _mark := jobs._lock_mark('result', seconds, _cutoff, upto_pos);
  if _mark < (select c.event_upto from jobs.compaction c) then
    return;
  end if;
  _queue_ids := array(
    select r.queue_id from jobs._retention r where (r.state, r.seconds) = ('result', seconds));
  while _mark is not null and _gone < _left and _mark < upto_pos loop
    _step := least(_mark + 1000000, upto_pos);
    _events := jobs._old_events('result', _queue_ids, _cutoff, _mark, _step);
    loop
      fetch _events into _pos, _at, _queue_id, _ids, _old;
      exit when not found;
      if _at > now then
        _held := coalesce(_held, _pos);
        continue;
      end if;
      exit when not _old;
      _poss := _poss || _pos;
      _gone := _gone + cardinality(_ids);
      exit when _gone >= _left;
    end loop;
    close _events;
    _mark := case when _at <= now and not coalesce(_old, true) then _pos - 1
      when _gone >= _left then _pos else _step end;
    exit when _at <= now and not coalesce(_old, true);
  end loop;
  return query
    with slots as (
      select e.pos, jsonb_agg(r.slot order by r.slot) as gone, count(*) as n
      from jobs.event e
      cross join lateral unnest(e.data) with ordinality as r(data, slot)
      where e.pos = any(_poss) and jsonb_typeof(r.data) <> 'null'
      group by 1),
    rewritten as (
      update jobs.event e
      set data = array_fill(
        case when s.n = cardinality(e.ids) then 'true' else s.gone end, array[1], array[0])
      from slots s
      where e.pos = any(_poss) and e.pos = s.pos
      returning e.queue_id, e.at, s.n)
    select r.queue_id, sum(r.n)::bigint, min(r.at), max(r.at) from rewritten r group by 1;
  update jobs.prune_mark m set pos = least(_mark, _held - 1)
  where (m.state, m.seconds) = ('result', seconds) and m.pos <> least(_mark, _held - 1);
end $$;
