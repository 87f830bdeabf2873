-- The next step by which partitions that hold next to nothing go, though a few of their jobs stay
-- (scheduled for next year, dead and kept for long): these and their events are copied into a table
-- of their own, and later that takes the place of the partitions. Ids and positions stay the same.
--
-- Between the copy and the swap every transaction that was open at the copy must end: a snapshot
-- older than the copy would find the jobs neither here nor there. The steps are calls of prune that
-- have nothing else to do.
--   upto_pos  the log is decided up to there
-- Returns a row per partition that went, and how many jobs it still held.
-- Locks: an advisory lock, tried and not waited for, under which no other prune compacts or
-- rewrites events; as _swap. Writes: compaction; as _draft and _swap.
create or replace function jobs._compact(upto_pos bigint)
returns table (name text, jobs bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _compaction jobs.compaction;
  _open text[];
begin
  if current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(29816, 'jobs.compaction'::regclass::oid::int) then
    return;
  end if;
  select * into _compaction from jobs.compaction;
  if not found then
    perform jobs._draft(upto_pos);
    return;
  end if;
  _open := array(
    select l.virtualtransaction
    from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'virtualxid' and l.granted and l.pid <> pg_backend_pid()
      and a.datid = (select d.oid from pg_database d where d.datname = current_database()));
  if _compaction.holders is null then
    update jobs.compaction set holders = _open;
  elsif not _compaction.holders && _open then
    return query select * from jobs._swap(_compaction);
  end if;
end $$;
