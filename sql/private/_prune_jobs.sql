-- Up to max_jobs jobs that ended in this state, in the queues that keep such jobs for so many
-- seconds, are gone, oldest first. It walks the log from where it stopped the last time up to the
-- first event that is too young; so jobs that stay are not looked at again, and where nothing is
-- old it is one look-up and writes nothing. Another prune that does the same is left alone.
--   upto_pos  the log is decided up to there
--   busy      this transaction has deleted already, and holds up readers of the log: it does not
--             walk on for long
-- Returns a row per step and queue. Locks: the row of prune_mark and the jobs' rows, skipping what
-- is locked (the mark stays before the first of those). Writes: job, prune_mark,
-- unique_key.
create or replace function jobs._prune_jobs(
  state text, seconds numeric, now timestamptz, upto_pos bigint, max_jobs int, busy boolean)
returns table (queue_id int, jobs bigint, oldest timestamptz, newest timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
  _type jobs.transition := state::jobs.transition;
  _cutoff timestamptz := now - seconds * interval '1 s';
  _started timestamptz := clock_timestamp();
  _left int := max_jobs;
  _mark bigint := jobs._lock_mark(state, seconds, _cutoff, upto_pos);
  _queue_ids int[] := array(
    select r.queue_id from jobs._retention r where (r.state, r.seconds) = (state, seconds));
  _held bigint;     -- the first event with a job that another transaction has locked
  _step bigint;     -- the walk's end, unless something is found
  _events refcursor;
  _event_pos bigint;
  _event_at timestamptz;
  _event_queue_id int;
  _event_ids bigint[];
  _event_old boolean;
  _poss bigint[];   -- of the event of each of _ids, and when it was
  _ats timestamptz[];
  _ids bigint[];
  _locked bigint[];
  _pos bigint;
  _last bigint;     -- the newest job that went
begin
  while _mark is not null and _left > 0 and _mark < upto_pos loop
    _step := least(_mark + 1000000, upto_pos);
    _poss := '{}';
    _ids := '{}';
    _ats := '{}';
    _events := jobs._old_events(state, _queue_ids, _cutoff, _mark, _step);
    loop
      fetch _events into _event_pos, _event_at, _event_queue_id, _event_ids, _event_old;
      exit when not found;
      -- the clock was ahead: what follows is not younger for that
      if _event_at > now then
        _held := coalesce(_held, _event_pos);
        continue;
      end if;
      exit when not _event_old;
      _ids := _ids || _event_ids;
      _poss := _poss || array_fill(_event_pos, array[cardinality(_event_ids)]);
      _ats := _ats || array_fill(_event_at, array[cardinality(_event_ids)]);
      exit when cardinality(_ids) >= 1000;
    end loop;
    close _events;
    _pos := case when _event_at <= now and not coalesce(_event_old, true) then _event_pos - 1
      when cardinality(_ids) >= 1000 then _event_pos else _step end;
    -- Locked by one statement, deleted by the next: a retry that was committed after the first took
    -- its snapshot, and before it came to the job's row, shows in the second.
    _locked := array(
      select j.id
      from unnest(_ids) with ordinality as u(id, nth) join jobs.job j on j.id = u.id
      order by u.nth limit _left for update of j skip locked);
    return query
      with gone as (
        delete from jobs.job j
        where j.id = any(_locked)
          -- what has never been retried has not gone on since
          and (not coalesce(j.options ? 'retried', false) or exists (
            select from jobs._last_event l
            where l.job_id = j.id and l.type = _type and l.at < _cutoff))
        returning j.queue_id, _ats[array_position(_ids, j.id)] as at, j.id, j.options),
      freed as (
        delete from jobs.unique_key u
        where u.ctid = any(array(
          select k.ctid
          from gone g
          cross join lateral (values
            ('idempotency'::jobs.key_type, g.options ->> 'idempotency_key'),
            ('unique', g.options ->> 'unique_key')) as v(type, key)
          cross join lateral (   -- limit: by the index, whatever the statistics say
            select o.ctid from jobs.unique_key o
            where (o.type, o.queue_id) = (v.type, g.queue_id) and o.key = v.key
              and o.job_id = g.id limit 1) as k
          where g.options ?| array['idempotency_key', 'unique_key'])))
      select g.queue_id, count(*), min(g.at), max(g.at) from gone g group by 1;
    if cardinality(_locked) = _left then
      _pos := _poss[array_position(_ids, _locked[_left])] - 1;
    end if;
    _left := _left - cardinality(_locked);
    if _locked <> '{}' then
      busy := true;
      _last := greatest(_last, (select max(i) from unnest(_locked) as i));
    end if;
    if _ids <> '{}' then
      _held := coalesce(_held, (
        select min(u.pos) from unnest(_ids, _poss) as u(id, pos) join jobs.job j on j.id = u.id
        where u.id <> all(_locked) and u.pos <= _pos));
    end if;
    _mark := _pos;
    exit when _event_at <= now and not coalesce(_event_old, true)
      or busy and clock_timestamp() > _started + interval '0.5 s';
  end loop;
  if _last is not null then
    perform jobs._note_pruned('job', _last);
  end if;
  update jobs.prune_mark m set pos = least(_mark, _held - 1)
  where (m.state, m.seconds) = (state, seconds) and m.pos <> least(_mark, _held - 1);
end $$;
