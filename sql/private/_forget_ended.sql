-- The rows of these waiters, which wait no more, are gone as far as their jobs have ended; whoever
-- ends one of the others removes its row then.
create or replace function jobs._forget_ended(waiters bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  if waiters <> '{}' then
    delete from jobs.dependency d
    where d.ctid = any(array(
      select r.row_id from unnest(waiters) as u(id)
      cross join lateral (
        select e.ctid as row_id from jobs.dependency e
        where e.waiter = u.id and e.outcome is not null offset 0) as r));
  end if;
end $$;
