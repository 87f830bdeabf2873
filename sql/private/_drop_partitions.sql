-- Partitions of job and event that lie wholly below the oldest job that is left are gone: every
-- event up to there is of a job that was pruned. A partition into which positions are still drawn
-- stays. Returns a row per partition that went.
create or replace function jobs._drop_partitions()
returns table (name text, jobs bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
  _oldest bigint := coalesce(
    (select j.id from jobs.job j order by j.id limit 1), (select s.last_value from jobs.pos_seq s));
  _partition record;
  _gone bigint;
begin
  -- first: rare_event must name no event of a partition that is gone, though the next one may be
  -- busy; a reader would take what it finds by it for all there is
  with overflown as (
    delete from jobs.event_overflow e where e.pos < _oldest returning e.pos),
  rare as (
    delete from jobs.rare_event r
    where r.type = any(enum_range(null::jobs.transition)) and r.pos < _oldest returning r.pos)
  select max(g.pos) into _gone
  from (select pos from overflown union all select pos from rare) as g;
  if _gone is not null then
    perform jobs._note_pruned('job', _gone);
  end if;
  for _partition in
    select * from jobs._partitions() as p where p.high <= _oldest
      and (not p.fixed or pg_relation_size(p.name::regclass) > 0)
  loop
    exit when not jobs._lock_partitions();
    begin
      execute format(case when _partition.fixed then 'truncate %s' else 'drop table %s' end,
        _partition.name);
      perform jobs._note_pruned('job', _partition.high - 1);
    exception when lock_not_available then
      return;   -- busy: the next prune tries again
    end;
    return query select _partition.name, 0::bigint;
  end loop;
end $$;
