-- The first step of _compact, where it pays: from the lowest partitions on, as far as no more than
-- setting.max_kept_jobs jobs are left, and ten events of each. What belongs to the extension cannot
-- be dropped, and rows of the overflow cannot leave it unseen: both stay as they are, with all that
-- lies below them. Writes: two new tables, compaction.
create or replace function jobs._draft(upto_pos bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
  _max int := (select s.max_kept_jobs from jobs.setting s);
  _to jobs.compaction;
  _partition record;
  _ids bigint[];
  _events bigint[];
begin
  _to.job_low := jobs._lowest('job', upto_pos);
  _to.event_low := jobs._lowest('event', upto_pos);
  for _partition in
    select p.* from jobs._partitions() as p
    where p.parent = 'job' and p.low >= _to.job_low and p.high <= upto_pos
    order by p.high
  loop
    exit when (
      select count(*) from (
        select from jobs.job j where j.id < _partition.high limit _max + 1) as j) > _max;
    _to.job_upto := _partition.high;
  end loop;
  _to.event_upto := (
    select max(p.high) from jobs._partitions() as p
    where p.parent = 'event' and p.low >= _to.event_low and p.high <= _to.job_upto);
  -- at least one that is not such a table itself
  if _to.event_upto is null or not exists (
      select from jobs._partitions() as p
      where p.name !~ '_upto_\d+$' and (
        p.parent = 'job' and p.low >= _to.job_low and p.high <= _to.job_upto
        or p.parent = 'event' and p.low >= _to.event_low and p.high <= _to.event_upto)) then
    return;
  end if;
  _ids := array(select j.id from jobs.job j where j.id < _to.job_upto);
  _events := array(
    select distinct e.pos
    from unnest(_ids) as i(id) cross join lateral jobs._event_of(i.id) as e
    where e.pos >= _to.event_low and e.pos < _to.event_upto limit _max * 10 + 1);
  if cardinality(_events) > _max * 10 then
    return;
  end if;
  execute format('create table jobs.job_upto_%s (like jobs.job_overflow including all)',
    _to.job_upto);
  execute format('create table jobs.event_upto_%s (like jobs.event_overflow including all)',
    _to.event_upto);
  execute format('insert into jobs.job_upto_%s select * from jobs.job j where j.id = any($1)',
    _to.job_upto) using array(select i from unnest(_ids) as i where i >= _to.job_low);
  execute format('insert into jobs.event_upto_%s select * from jobs.event e where e.pos = any($1)',
    _to.event_upto) using _events;
  insert into jobs.compaction (job_low, job_upto, event_low, event_upto)
  values (_to.job_low, _to.job_upto, _to.event_low, _to.event_upto);
end $$;
