-- One step of filling a subscription: up to max_events events that no append has served get their
-- jobs, in order. Returns how many did, and whether there is more to do at once; nothing is done if
-- the subscription is paused, has nothing left to fill, or another transaction is filling it.
--
-- A subscription that has caught up goes live: from the next generation on appends serve it.
-- Transactions that began to append before (they hold the lock that _append takes, and have seen an
-- older generation) may still commit events that nobody served: settle_pos is drawn after the
-- change was committed, so once the log is decided up to it, these transactions have ended, all of
-- their events can be seen, and what is found then is the rest.
-- `safe_pos` is that of the caller's transaction, from before it has written anything: its own jobs
-- would count as undecided.
-- Locks: the subscription's row, if nobody has it; fan_out, the same. Writes: as enqueue; those.
create or replace function jobs._backfill(
  subscription text, max_events int, safe_pos bigint default null,
  out made bigint, out more boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.subscription;
  _new jobs.subscription;
  _safe_pos bigint;
  _is_live boolean;
  _settled boolean;
  _unserved record;
begin
  made := 0;
  more := false;
  select * into _s from jobs.subscription s
  where s.name = subscription and s.backfill_pos is not null and not s.paused
  for no key update skip locked;
  if not found then
    return;
  end if;
  _new := _s;
  _safe_pos := coalesce(safe_pos, jobs._safe_pos());
  _is_live := coalesce(upper_inf(_s.live), false);
  _settled := coalesce(_is_live and _s.settle_pos <= _safe_pos
    and current_setting('transaction_isolation') = 'read committed', false);
  _unserved := jobs._unserved(_s, case when not _settled then _safe_pos end, max_events);
  made := cardinality(_unserved.poss);
  perform jobs._deliver(_s, _unserved.poss);
  if _is_live and _s.settle_pos is null and _s.changed_xid <> pg_current_xact_id() then
    _new.settle_pos := nextval('jobs.pos_seq');
  end if;
  if _unserved.scanned_pos is not null then
    _new.backfill_pos := _unserved.scanned_pos;
    more := true;
  elsif _settled then
    _new.backfill_pos := null;
  else
    -- not at every tick: while a transaction is waited for, each version of the row would stay
    if made > 0 or not _is_live or _safe_pos - _s.backfill_pos > 2000 then
      _new.backfill_pos := greatest(_s.backfill_pos, _safe_pos);
    end if;
    if not _is_live then
      _new := jobs._go_live(_new);
    end if;
  end if;
  if _new is distinct from _s then
    update jobs.subscription s
    set live = _new.live, backfill_pos = _new.backfill_pos, settle_pos = _new.settle_pos,
      changed_xid = _new.changed_xid
    where s.id = _s.id;
  end if;
end $$;
