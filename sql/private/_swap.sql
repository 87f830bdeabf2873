-- The last step of _compact: the copies are partitions in the place of what they were copied from.
-- A job that was removed since is removed from the copy; if one was changed (a retry, a
-- replacement), the copies are thrown away, and the next prune begins again.
-- Locks: job and event for itself, for a moment; nothing happens where they are busy.
-- Writes: the copies, rare_event, compaction, category; drops partitions.
create or replace function jobs._swap(compaction jobs.compaction)
returns table (name text, jobs bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
set jit = off
as $$
#variable_conflict use_column
declare
  _job text := format('jobs.job_upto_%s', compaction.job_upto);
  _event text := format('jobs.event_upto_%s', compaction.event_upto);
  _changed boolean;
  _partition record;
  _gone jsonb := '{}'::jsonb;
  _count bigint;
begin
  if not jobs._lock_partitions() then
    return;
  end if;
  execute format('select exists (select * from jobs.job j where j.id >= $1 and j.id < $2
    except select * from %s)', _job)
  into _changed using compaction.job_low, compaction.job_upto;
  if _changed then
    execute format('drop table %s, %s', _job, _event);
    delete from jobs.compaction;
    return;
  end if;
  execute format('delete from %s c where not exists (select from jobs.job j where j.id = c.id)',
    _job);
  for _partition in
    select p.* from jobs._partitions() as p
    where p.parent = 'job' and p.low >= compaction.job_low and p.high <= compaction.job_upto
      or p.parent = 'event' and p.low >= compaction.event_low and p.high <= compaction.event_upto
  loop
    _count := 0;
    if _partition.parent = 'job' then
      execute format('select count(*) from %s', _partition.name) into _count;
    end if;
    execute format('drop table %s', _partition.name);
    _gone := _gone || jsonb_build_object(_partition.name, _count);
  end loop;
  execute format('alter table jobs.job attach partition %s for values from (%s) to (%s)',
    _job, coalesce(nullif(compaction.job_low, 0)::text, 'minvalue'), compaction.job_upto);
  execute format('alter table jobs.event attach partition %s for values from (%s) to (%s)',
    _event, coalesce(nullif(compaction.event_low, 0)::text, 'minvalue'), compaction.event_upto);
  delete from jobs.rare_event r
  where r.type = any(enum_range(null::jobs.transition)) and r.pos >= compaction.event_low
    and r.pos < compaction.event_upto
    and not exists (select from jobs.event e where e.pos = r.pos);
  delete from jobs.compaction;
  perform jobs._note_pruned('job', compaction.event_upto - 1);
  return query select g.key, g.value::bigint from jsonb_each(_gone) as g order by 1;
exception when lock_not_available then
  return;   -- busy: the next prune tries again
end $$;
