-- The position up to which the log is decided: every event up to it is committed, or will never be.
-- Where no transaction that has touched the log is open, that is the last one drawn; otherwise what
-- the last tick has found. Call it before the snapshot with which the events are read.
--
-- Under READ COMMITTED the next statement sees what was decided before it began. An older snapshot
-- must do with what it sees of register: a tick that it sees has waited only for what it sees too.
-- So must a standby, which replays commits and ticks in their order, but knows nobody's locks.
create or replace function jobs._safe_pos()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _last bigint;
  _register record;
begin
  if current_setting('transaction_isolation') = 'read committed' and not pg_is_in_recovery() then
    select case when s.is_called then s.last_value else 0 end into _last from jobs.pos_seq s;
    if not exists (
        select from pg_locks l
        where l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
          and l.relation in ('jobs.job'::regclass, 'jobs.event'::regclass,
            'jobs.stream_event'::regclass)
          and l.database = (
            select d.oid from pg_database d where d.datname = current_database())) then
      return _last;
    end if;
    select r.at into _register from jobs.register r order by r.ver desc limit 1;
    if _register.at not between jobs.now() - interval '1 s' and jobs.now()
        and current_setting('transaction_read_only') = 'off' then
      perform jobs._tick(false);   -- nobody else does: there is no worker
    end if;
  end if;
  return (select r.safe_pos from jobs.register r order by r.ver desc limit 1);
end $$;
