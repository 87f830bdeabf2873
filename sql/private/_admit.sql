-- How many of so many new jobs a bounded queue takes now: all of them, or, where it drops what is
-- too much, as many as fit, perhaps 0. Otherwise raises JB030.
--
-- Producers take their jobs' credit one after the other, each holding the queue's gate until its
-- transaction ends. So whoever holds it sees every job that there is, and no other producer is
-- under way: when the credit is spent, what it counts is exact, and what others rolled back needs
-- no bookkeeping. Credit grows by counting only. What a count has found is noted for 100 ms, or ten
-- times as long as it took: meanwhile a full queue refuses without counting again, and without
-- waiting for who holds the gate.
--
-- Each version of the credit is deleted by who writes the next one: a transaction with an older
-- snapshot (REPEATABLE READ) fails at that with 40001 instead of going by what it sees.
-- Locks: the row of queue_gate. Writes: queue_credit.
create or replace function jobs._admit(queue_id int, wanted int)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _queue record;
  _began timestamptz;
  _room int;
  _taken int;
begin
  if wanted = 0 then
    return 0;
  end if;
  for _look in 1..2 loop
    if _look = 2 then
      perform from jobs.queue_gate g where g.queue_id = _admit.queue_id for no key update;
    end if;
    select q.name, q.max_pending, q.overflow = 'drop' as drops, c.ver, c.credit into _queue
    from jobs.queue q
    cross join lateral (
      select * from jobs.queue_credit a where a.queue_id = q.id order by a.ver desc limit 1) as c
    where q.id = _admit.queue_id and q.max_pending is not null;
    if not found then
      return wanted;   -- it was bounded a moment ago
    end if;
    _room := _queue.credit;
    continue when _room >= wanted;
    _room := greatest(_room, jobs._noted_room(queue_id));
    exit when jobs._noted_room(queue_id) is not null and _room < wanted
      and (_room <= 0 or not _queue.drops);
    if _look = 2 then
      _began := clock_timestamp();
      _room := greatest(_queue.max_pending - jobs._live_jobs(queue_id), -2147483648);
      if _room < wanted and current_setting('transaction_isolation') = 'read committed' then
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
  delete from jobs.queue_credit c where c.queue_id = _admit.queue_id and c.ver = _queue.ver;
  insert into jobs.queue_credit (queue_id, ver, credit)
  values (_admit.queue_id, _queue.ver + 1, _room - _taken);
  return _taken;
end $$;
