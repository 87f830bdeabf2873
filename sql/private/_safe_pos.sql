-- The position up to which the log is decided: every event up to it is committed, or will never be.
-- Call it before the snapshot with which the events are read.
--
-- Where no transaction that has touched the log is open, that is the last one drawn. Where those
-- that are open have only appended, it is the lowest floor that they have noted (_note_floor);
-- whoever drew a position up to the note of the last one held the table's lock by then. Otherwise
-- it is what the last tick has found.
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
  _open record;
  _floor bigint;
  _register record;
begin
  if current_setting('transaction_isolation') = 'read committed' and not pg_is_in_recovery() then
    select case when s.is_called then s.last_value else 0 end into _last from jobs.pos_seq s;
    select
      count(l.relation) = 0 as nobody,
      coalesce(bool_and(l.relation = 'jobs.stream_event'::regclass), false) as appends_only,
      array_agg(l.virtualtransaction) filter (where l.relation is not null)
        <@ array_agg(l.virtualtransaction) filter (where l.relation is null) as noted,
      -- the floor nearest to _last whose lower 32 bits these are
      min(_last + (l.objid::bigint - _last)::bit(32)::int)
        filter (where l.relation is null) as floor
    into _open
    from pg_locks l
    where l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
        and l.relation in ('jobs.job'::regclass, 'jobs.event'::regclass,
          'jobs.stream_event'::regclass)
        or l.locktype = 'advisory' and l.classid = 29817 and l.objsubid = 2);
    if _open.nobody then
      return _last;
    elsif _open.appends_only and _open.noted then
      _floor := least(_last, _open.floor);
    end if;
    select r.at into _register from jobs.register r order by r.ver desc limit 1;
    if _floor is null and _register.at not between jobs.now() - interval '1 s' and jobs.now()
        and current_setting('transaction_read_only') = 'off' then
      perform jobs._tick(false, false);   -- nobody else does: there is no worker
    end if;
  end if;
  return greatest(_floor, (select r.safe_pos from jobs.register r order by r.ver desc limit 1));
end $$;
