-- Whether the waiter waits for a job above or below these ids that nobody is ending at this moment
-- (_is_free). Jobs end roughly in the order of their ids: those just above are still there, and the
-- index entries of those that have ended, which a held snapshot keeps, are not walked each time.
create or replace function jobs._has_free(waiter bigint, above bigint, below bigint)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
begin
  perform from jobs.dependency d
  where d.waiter = _has_free.waiter and d.outcome is null and d.job > above
    and jobs._is_free(d.xmax)
  order by d.waiter, d.job limit 1;
  if found then
    return true;
  end if;
  perform from jobs.dependency d
  where d.waiter = _has_free.waiter and d.outcome is null and d.job < below
    and jobs._is_free(d.xmax)
  order by d.waiter desc, d.job desc limit 1;
  return found;
end $$;
