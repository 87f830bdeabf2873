-- These jobs, if they were blocked, wait no more. One whose last prerequisite is ending now is left
-- to whoever ends that, and so are the rows of prerequisites that have not ended.
create or replace function jobs._forget_waiters(ids bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _gone bigint[];
begin
  with gone as (
    delete from jobs.waiter w
    where w.ctid = any(array(
      select r.row_id from unnest(ids) as u(id)
      cross join lateral (
        select v.ctid as row_id from jobs.waiter v
        where v.id = u.id and v.ord is not null offset 0 for update skip locked) as r))
    returning w.id)
  select array_agg(id) into _gone from gone;
  perform jobs._forget_ended(_gone);
end $$;
