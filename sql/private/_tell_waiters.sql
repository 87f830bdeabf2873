-- Jobs have ended, and somebody waits for one: says so, once, when this transaction commits. Who
-- goes on waiting raises the flag again (results). The callers look at the flag themselves: it is
-- one read of a sequence where nobody waits.
create or replace function jobs._tell_waiters()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform setval('jobs.waiter_flag', 1);
  perform pg_notify('jobs.ended', '');
end $$;
