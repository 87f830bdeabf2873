-- What tick does; without the sweep for stale claims if `sweep` is false, as from a transaction
-- that will wait for leases: it must not hold those of others meanwhile.
--
-- The order of the first statements is the point: the last position is noted, then who holds the
-- locks under which positions are drawn (_next_epoch says why), then what is there.
--
-- An advisory lock keeps ticks from doing the same work at once; it is not needed for their
-- correctness: every version of the marks holds by itself, and the newest counts. So when its
-- holder has published nothing for a second (a claim in a transaction that was left open), others
-- go on without it.
create or replace function jobs._tick(sweep boolean, promote boolean default true)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _old jobs.register;
  _new jobs.register;
  _now timestamptz := jobs.now();
  _alone boolean;
  _ready record;
  _scheduled record;
  _log record;
  _ready_holders text[];
  _scheduled_holders text[];
  _log_holders text[];
begin
  if current_setting('transaction_isolation') <> 'read committed'
    or pg_current_xact_id_if_assigned() is not null then
    return false;
  end if;
  _alone := pg_try_advisory_xact_lock(29816, 'jobs.register'::regclass::oid::int);
  select * into _old from jobs.register r order by r.ver desc limit 1;
  if not _alone and _old.at between _now - interval '1 s' and _now then
    return false;
  end if;
  _new := _old;

  select case when s.is_called then s.last_value else 0 end into _new.pos from jobs.pos_seq s;
  select
    coalesce(array_agg(v) filter (where l.relation = 'jobs.ready'::regclass), '{}'),
    coalesce(array_agg(v) filter (where l.relation = 'jobs.scheduled'::regclass), '{}'),
    coalesce(array_agg(v)
      filter (where l.relation in ('jobs.job'::regclass, 'jobs.event'::regclass,
        'jobs.stream_event'::regclass)), '{}')
  into _ready_holders, _scheduled_holders, _log_holders
  from pg_locks l cross join lateral (select l.virtualtransaction) as t(v)
  where l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
    and l.pid is distinct from pg_backend_pid()
    and l.relation in ('jobs.ready'::regclass, 'jobs.scheduled'::regclass, 'jobs.job'::regclass,
      'jobs.event'::regclass, 'jobs.stream_event'::regclass)
    and l.database = (select d.oid from pg_database d where d.datname = current_database());

  if _new.pos = _old.pos and _ready_holders || _scheduled_holders || _log_holders = '{}'
    and (_old.ready_epoch).holders || (_old.scheduled_epoch).holders
      || (_old.log_epoch).holders = '{}'
    and not exists (select from jobs.scheduled s where s.run_at >= _old.scheduled_floor
      and s.run_at <= _now)
    and (_old.swept_at > _now - interval '5 s'
      or not exists (select from jobs.lease l where l.claim >= _old.oldest_claim)) then
    return true;
  end if;

  _ready := jobs._next_epoch(_old.ready_epoch, _new.pos, _now, _ready_holders);
  _scheduled := jobs._next_epoch(_old.scheduled_epoch, _new.pos, _now, _scheduled_holders);
  _log := jobs._next_epoch(_old.log_epoch, _new.pos, _now, _log_holders);
  _new.ver := nextval('jobs.register_seq');
  _new.at := _now;
  _new.ready_epoch := _ready.epoch;
  _new.scheduled_epoch := _scheduled.epoch;
  _new.log_epoch := _log.epoch;
  if _old.mended_at < _now - interval '1 min' or _old.at > _now then
    _new.mended_at := _now;
    _new.oldest_claim := 0;
    _new.scheduled_floor := '-infinity';
  end if;
  if _old.probed_at < _now - interval '1 s' or _old.at > _now then
    _new.probed_at := _now;
  end if;
  if _old.grace_next_at < _now - interval '1 s' or _old.at > _now then
    _new.grace_pos := _old.grace_next_pos;
    _new.grace_next_pos := _new.pos;
    _new.grace_next_at := _now;
  end if;

  if promote then
    perform jobs._promote(1000);
  end if;
  if _scheduled.bound_at is not null then
    -- a second below the note, for a clock that is set back a little
    _new.scheduled_floor := greatest(_new.scheduled_floor, least(
      _scheduled.bound_at - interval '1 s',
      (select s.run_at from jobs.scheduled s where s.run_at >= _new.scheduled_floor
       order by s.run_at limit 1)));
  end if;

  perform jobs._tick_lanes(
    _ready.bound,
    case when (_new.ready_epoch).at < _now - interval '1 s' then _new.grace_pos + 1 end,
    _new.probed_at = _now, _new.mended_at = _now);

  if _log.bound is not null then
    _new.safe_pos := greatest(_old.safe_pos, _log.bound - 1);
  end if;
  -- a claim is at or above its event's position << 12: those that are decided and gone lie below
  _new.oldest_claim := greatest(_new.oldest_claim, least(
    (_new.safe_pos + 1) << 12,
    (select l.claim from jobs.lease l where l.claim >= _new.oldest_claim
    order by l.claim limit 1)));
  if sweep and (_old.swept_at < _now - interval '5 s' or _old.at > _now) then
    _new.swept_at := _now;
    perform from jobs.reset_stale_claims(100);
  end if;

  insert into jobs.register select (_new).*;
  delete from jobs.register where ctid = any(array(
    select r.ctid from jobs.register r
    where r.ver = _old.ver or _new.mended_at = _now and r.ver < _old.ver for update skip locked));
  return true;
end $$;
