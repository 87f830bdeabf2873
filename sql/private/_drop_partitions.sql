-- Partitions of job and event that lie wholly below the oldest job that is left are gone: every
-- event up to there is of a job that was pruned. A partition into which positions are still drawn
-- stays.
create or replace function jobs._drop_partitions()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
as $$
declare
  _oldest bigint;
  _partition record;
  _gone bigint;
begin
  _oldest := coalesce(
    (select j.id from jobs.job j order by j.id limit 1), (select s.last_value from jobs.pos_seq s));
  -- first: rare_event must name no event of a partition that is gone, though the next one may be
  -- busy; a reader would take what it finds by it for all there is
  with overflown as (
    delete from jobs.event_overflow e where e.pos < _oldest returning e.pos),
  rare as (
    delete from jobs.rare_event r where r.pos < _oldest returning r.pos)
  select max(g.pos) into _gone
  from (select pos from overflown union all select pos from rare) as g;
  if _gone is not null then
    perform jobs._note_pruned('job', _gone);
  end if;
  for _partition in
    select i.inhrelid::regclass as name, b.upto
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral (
      select substring(pg_get_expr(c.relpartbound, c.oid)
        from $re$TO \('?(\d+)'?\)$re$)::bigint as upto) as b
    where i.inhparent in ('jobs.job'::regclass, 'jobs.event'::regclass) and b.upto <= _oldest
  loop
    begin
      if not exists (
          select from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = _partition.name
            and d.deptype = 'e') then
        execute format('drop table %s', _partition.name);
        perform jobs._note_pruned('job', _partition.upto - 1);
      elsif pg_relation_size(_partition.name) > 0 then
        execute format('truncate %s', _partition.name);   -- it belongs to the extension, and stays
        perform jobs._note_pruned('job', _partition.upto - 1);
      end if;
    exception when lock_not_available then
      return;
    end;
  end loop;
exception when lock_not_available then
  null;   -- busy, here or above: the next prune tries again
end $$;
