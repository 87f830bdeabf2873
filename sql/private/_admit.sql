-- How many of so many new jobs a bounded queue takes now: all of them, or, where it drops what is
-- too much, as many as fit, perhaps 0. Otherwise raises JB030.
--
-- Jobs pass a gate, which is held until the transaction ends, and take credit behind it. What is
-- committed and all credit together are never more than the bound: credit turns into jobs in one
-- commit, and grows only by a count, which who holds gate 0 makes when its credit is spent. It sees
-- every job but those of producers at other gates, who can add no more than the credit that lies
-- behind these; so that much is left to them. Other gates are never waited for, and are filled
-- only while there is plenty of room: near its bound a queue has one gate, and is exact. What
-- others rolled back needs no bookkeeping.
--
-- What a count has found is noted for 100 ms, or ten times as long as it took: meanwhile a full
-- queue refuses without counting again, and without waiting for who holds the gate.
-- Locks: rows of queue_gate. Writes: queue_credit.
create or replace function jobs._admit(queue_id int, wanted int)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _queue record;
  _credit jobs.queue_credit;
  _gates int[] := array[]::int[];   -- the others that this transaction holds
  _count record;
  _counted boolean := false;
  _began timestamptz;
  _room int;
  _taken int;
begin
  if wanted = 0 or jobs._pass_gate(queue_id, wanted) then
    return wanted;
  end if;
  for _look in 1..2 loop
    if _look = 2 then
      perform from jobs.queue_gate g
      where g.queue_id = _admit.queue_id and g.gate = 0 for no key update;
    end if;
    select q.name, q.max_pending, q.overflow = 'drop' as drops into _queue
    from jobs.queue q where q.id = _admit.queue_id and q.max_pending is not null;
    if not found then
      return wanted;   -- it was bounded a moment ago
    end if;
    _credit := jobs._credit_at(queue_id, 0);
    _room := case when _credit.bound = _queue.max_pending then _credit.credit else 0 end;
    continue when _room >= wanted;
    _room := greatest(_room, jobs._noted_room(queue_id));
    exit when jobs._noted_room(queue_id) is not null and _room < wanted
      and (_room <= 0 or not _queue.drops);
    if _look = 2 then
      _gates := array(
        select g.gate::int from jobs.queue_gate g
        where g.queue_id = _admit.queue_id and g.gate > 0
        order by g.gate for no key update skip locked);
      _began := clock_timestamp();
      -- one statement, and so one snapshot
      select jobs._live_jobs(_admit.queue_id) as live, (
        select coalesce(sum((jobs._credit_at(g.queue_id, g.gate)).credit), 0)
        from jobs.queue_gate g
        where g.queue_id = _admit.queue_id and g.gate > 0 and g.gate <> all(_gates)) as others
      into _count;
      _counted := true;
      _room := greatest(_queue.max_pending - _count.live - _count.others, -2147483648);
      if _room < wanted and _count.others = 0
        and current_setting('transaction_isolation') = 'read committed' then
        perform jobs._note_full(queue_id, case when _queue.drops then 0 else _room end, jobs.now()
          + least(greatest(interval '100 ms', 10 * (clock_timestamp() - _began)), interval '10 s'));
      end if;
    end if;
  end loop;

  _taken := least(_room, wanted);
  if _taken < wanted and not _queue.drops then
    raise exception using
      errcode = 'JB030',
      message = format('queue %s is full', _queue.name),
      detail = format('it holds %s of at most %s jobs that have not ended; %s more were to come',
        _queue.max_pending - _room, _queue.max_pending, wanted),
      hint = 'Try again later; or raise max_pending, or let overflow be drop, with '
        'jobs.configure_queue.';
  elsif _taken <= 0 then
    return 0;
  end if;
  _room := _room - _taken;
  if not _counted and _room >= 640 then
    -- there is plenty: gates that are free and have little get their share again
    _gates := array(
      select g.gate::int
      from jobs.queue_gate g
      cross join lateral jobs._credit_at(g.queue_id, g.gate) as c
      where g.queue_id = _admit.queue_id and g.gate > 0
        and (c.bound <> _queue.max_pending or c.credit < least(_room / 64, 1000) / 2)
      order by g.gate for no key update of g skip locked);
  end if;
  _room := jobs._share_room(queue_id, _gates, _room, _queue.max_pending, _counted);
  perform jobs._set_credit(_credit, _room, _queue.max_pending);
  return _taken;
end $$;
