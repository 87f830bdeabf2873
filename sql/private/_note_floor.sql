-- Every position that this transaction draws for users' events lies above one that is noted where
-- readers find it: in the key of a shared advisory lock, which is there until the transaction ends.
-- So an append that stays open holds readers at its own position, also where nobody ticks
-- (_safe_pos). Once or twice a transaction; its appends call it when it holds the lock of
-- stream_event. The lock's key holds the position modulo 2^32. Nobody ever waits for it.
create or replace function jobs._note_floor()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _xid text := pg_current_xact_id_if_assigned();
  _last bigint;
begin
  -- the setting is gone with the lock if a savepoint is rolled back
  if _xid is null or current_setting('jobs.log_floor', true) is distinct from _xid then
    select case when s.is_called then s.last_value else 0 end into _last from jobs.pos_seq s;
    perform pg_advisory_xact_lock_shared(29817, (_last & 4294967295)::bit(32)::int);
    if _xid is not null then   -- a first statement does without: it is most often the only one
      perform set_config('jobs.log_floor', _xid, true);
    end if;
  end if;
end $$;
