-- Up to max_jobs jobs of the batch that have not ended and have not been told to, by id.
create or replace function jobs._cancellable_of(batch bigint, max_jobs int)
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select d.job from jobs.dependency d
    cross join lateral (
      select a.state, a.claim from jobs.job_state a where a.id = d.job offset 0) as s
    where d.waiter = batch and d.outcome is null and d.job <> batch
      and not (s.state = 'running' and exists (
        select from jobs.lease l
        where l.claim = s.claim
          and l.cancel & (1::bigint << array_position(l.ids, d.job) - 1) <> 0))
    order by d.job limit max_jobs);
end $$;
