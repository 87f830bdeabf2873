-- The token's job is completed, together with whatever else the caller's transaction does.
--   result  any JSON, up to setting.max_result_bytes (1 MiB); null is a result
-- Returns `completed`, or `already_done` if this token's job was completed before. SQLSTATEs: JB001
-- the claim is over (the caller's writes roll back with it), JB003 the result is too large.
-- Locks: the claim's lease, until the transaction ends: make it the last thing that you do.
-- Writes: lease, event.
create or replace function jobs.complete(token bigint, result jsonb default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _slot bigint := 1::bigint << (token & 63)::int;
  _lease jobs.lease;
begin
  if pg_column_size(result) > 2000 then
    perform jobs._check_size('result', pg_column_size(result));
  end if;
  -- the last open slot of its claim, as a job that was claimed alone: one statement
  with finished as (
    delete from jobs.lease l
    where l.claim = token >> 6 and l.unfinished = _slot and cardinality(l.ids) = 1
      and l.flags & 2 = 0
    returning *)
  insert into jobs.event (pos, xid, at, claim, queue_id, type, attempt, ids, data)
  select nextval('jobs.pos_seq'), pg_current_xact_id(), jobs.now(), f.claim,
    f.queue_id, 'completed',
    f.attempt, f.ids, case when result is not null then array[result] end
  from finished f;
  if found then
    if pg_sequence_last_value('jobs.waiter_flag') = 2 then
      perform jobs._tell_waiters();
    end if;
    return 'completed';
  end if;
  _lease := jobs._finish(token >> 6, _slot);
  if _lease.claim is null then
    return jobs._raise_stale(token, jobs._refusal(token, '{completed}'));
  end if;
  perform jobs._log('completed', _lease.queue_id, _lease.attempt, jobs._pick(_lease.ids, _slot),
    _lease.claim, case when result is not null then array[result] end);
  if _lease.flags & 2 <> 0 then
    perform jobs._ended(jobs._pick(_lease.ids, _slot), 'completed');
  end if;
  if pg_sequence_last_value('jobs.waiter_flag') = 2 then
    perform jobs._tell_waiters();
  end if;
  return 'completed';
end $$;
