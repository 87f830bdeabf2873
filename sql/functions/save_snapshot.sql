-- The stream's state as of a version is kept, in the place of an older one. Returns whether it was:
-- false if one of a newer schema is there, or one of this schema and this or a newer version.
--   stream            of which this is the state
--   version           of the last event that it contains
--   data              any JSON; up to setting.max_event_bytes (1 MiB)
--   schema_version    of data: whoever loads asks for his own; 1 to 32767, default 1
--   expected_version  only in the place of the snapshot of this version (0: of none), default any
-- SQLSTATEs: JB002, JB003, JB005 the stream has no such version, JB010 another snapshot is there.
-- Locks and writes: the stream's row of snapshot.
create or replace function jobs.save_snapshot(
  stream text, version bigint, data jsonb, schema_version int default 1,
  expected_version bigint default null)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _last bigint := (
    select e.version from jobs.stream_event e
    where e.stream = save_snapshot.stream collate "C" order by e.version desc limit 1);
  _schema_version int := coalesce(schema_version, 1);
  _old jobs.snapshot;
begin
  perform jobs._check_event(row('snapshot', _schema_version, null, null, data));
  if version is null or version < 1 or version > coalesce(_last, 0) then
    raise exception using
      errcode = 'JB005',
      message = format('stream %s has no version %s', stream, version),
      detail = format('its last version is %s', coalesce(_last, 0)),
      hint = 'Save the version of the last event that the state contains.';
  end if;
  insert into jobs.snapshot (stream, version, schema_version, at, data)
  select save_snapshot.stream, save_snapshot.version, _schema_version, jobs.now(), data
  where coalesce(expected_version, 0) = 0
  on conflict do nothing;
  if found then
    return true;
  end if;
  select * into _old from jobs.snapshot s
  where s.stream = save_snapshot.stream collate "C" for update;
  if expected_version <> coalesce(_old.version, 0) then
    perform jobs._raise_conflict(
      format('%s (snapshot)', stream), expected_version, coalesce(_old.version, 0));
  end if;
  update jobs.snapshot s
  set version = save_snapshot.version, schema_version = _schema_version,
    at = jobs.now(), data = save_snapshot.data
  where s.stream = save_snapshot.stream collate "C"
    and s.schema_version <= _schema_version
    and (s.schema_version < _schema_version or s.version < save_snapshot.version);
  return found;
end $$;
