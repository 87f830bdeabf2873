-- Watermarks have advanced, jobs whose time has come are ready, stale claims have been looked for
-- (every 5 s), subscriptions that lag have come nearer to the present, schedules that are due have
-- their jobs, batches of which a job died are cancelled (on_dead_policy). Cheap enough for every
-- 100 ms; claim calls it when nobody else has. Returns false, having done nothing, when another
-- tick is under way or this transaction may not tick: it has written already (its own positions
-- would be missed) or is not READ COMMITTED (it would not see what has been committed). A tick that
-- finds nothing moved writes nothing.
-- Locks: an advisory lock, tried and not waited for; the rest, skipping what is locked.
-- Writes: register, lane; scheduled, event, ready, lease as things fall due; as backfill
-- and cancel_batch.
create or replace function jobs.tick()
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _now timestamptz := jobs.now();   -- an index is of no use to a volatile function
begin
  if not jobs._tick(true) then
    return false;
  end if;
  if exists (select from jobs.subscription s where s.backfill_pos is not null and not s.paused) then
    perform from jobs.backfill(max_events => 200);
  end if;
  if exists (select from jobs.doomed_batch) then
    perform jobs._cancel_doomed();
  end if;
  if exists (select from jobs.schedule s where not s.paused and s.next_at <= _now) then
    perform jobs._run_schedules();
  end if;
  return true;
end $$;
