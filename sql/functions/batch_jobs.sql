-- The jobs of a batch in the order of their ids, in which they were enqueued, with what became of
-- them; a page at a time; nothing changes.
--   after     the id of the last row of the page before, default none
--   max_jobs  rows at most, 1 to 10000, default 1000
-- Jobs that were pruned are left out. SQLSTATEs: JB002; JB004 no such batch.
create or replace function jobs.batch_jobs(
  batch bigint, after bigint default null, max_jobs int default 1000)
returns setof jobs.batch_job
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  if max_jobs not between 1 and 10000 or max_jobs is null then
    perform jobs._raise_invalid(format('max_jobs is %s', coalesce(max_jobs::text, 'null')),
      'max_jobs is between 1 and 10000.');
  elsif not exists (select from jobs.batch b where b.id = batch) then
    perform jobs._raise_not_found('batch', batch::text);
  end if;
  return query
    select s.id, s.kind, s.state, case when s.state = 'completed' then s.data end,
      case when s.state not in ('completed', 'running') then s.data ->> 'reason' end,
      case when s.state not in ('completed', 'running') then s.data -> 'error' end, s.since
    from (
      select d.job from jobs.dependency d
      where d.waiter = batch and d.job <> batch and (after is null or d.job > after)
        and exists (select from jobs.job j where j.id = d.job)
      order by d.job limit max_jobs) as d
    cross join lateral (select * from jobs.job_state a where a.id = d.job offset 0) as s
    order by s.id;
end $$;
