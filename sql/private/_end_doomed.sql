-- Of these jobs, which were enqueued together, those are dead or cancelled at once that depend on
-- one which has failed already.
create or replace function jobs._end_doomed(ids bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _fate record;
begin
  perform from jobs.waiter w join jobs.dependency d on d.waiter = w.id
  where w.id = ids[1] and w.on_dependency_failure <> 'ignore'
    and d.outcome in ('dead', 'cancelled', 'discarded') limit 1;
  if not found then
    return;
  end if;
  _fate := jobs._go_on(ids);
  perform jobs._forget_ended(ids);
  if _fate.dead <> '{}' then
    perform jobs._ended(_fate.dead, 'dead');
  end if;
  if _fate.cancelled <> '{}' then
    perform jobs._ended(_fate.cancelled, 'cancelled');
  end if;
end $$;
