-- job and event have a partition ahead once the newest is half full. A partition is as wide as the
-- one before it, or twice that if it filled within a day: few and large ones keep the claim fast.
-- Nothing is done when the tables are busy; the next call tries again, and the overflow partition
-- takes the rows meanwhile.
create or replace function jobs._add_partitions()
returns text[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
as $$
declare
  _last bigint := (select s.last_value from jobs.pos_seq s);
  _table text;
  _from bigint;    -- of the newest partition
  _to bigint;
  _width bigint;
  _new text;
  _made text[] := array[]::text[];
begin
  foreach _table in array '{job,event}'::text[] loop
    -- each of these statements may meet the locks of another session that makes a partition
    begin
      select b.low, b.high into _from, _to
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      cross join lateral (
        select coalesce(substring(bound from $re$FROM \('?(\d+)'?\)$re$)::bigint, 0) as low,
          substring(bound from $re$TO \('?(\d+)'?\)$re$)::bigint as high
        from pg_get_expr(c.relpartbound, c.oid) as bound) as b
      where i.inhparent = format('jobs.%I', _table)::regclass and b.high is not null
      order by b.high desc limit 1;
      _width := _to - _from;
      continue when _last < _to - _width / 2;
      if (select j.created_at from jobs.job j where j.id >= _from order by j.id limit 1)
          > jobs.now() - interval '1 day' then
        _width := least(_width * 2, 1::bigint << 36);
      end if;
      if _last >= _to then
        _to := (_last / _width + 1) * _width;   -- the overflow partition keeps what lies between
      end if;
      _new := format('%s_from_%s', _table, _to);
      execute format('create table jobs.%I (like jobs.%I including all)',
        _new, _table || '_overflow');
      execute format('alter table jobs.%I attach partition jobs.%I for values from (%s) to (%s)',
        _table, _new, _to, _to + _width);
      _made := _made || _new;
    exception when lock_not_available or check_violation or duplicate_table or duplicate_object
      or unique_violation or invalid_object_definition then
      null;   -- busy, or made by another session meanwhile
    end;
  end loop;
  return _made;
end $$;
