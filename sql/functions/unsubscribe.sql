-- The subscription is gone: what is appended from now on makes no jobs for it. Those that it has
-- made stay. Returns whether there was one. Locks and writes: fan_out, the subscription.
create or replace function jobs.unsubscribe(name text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _found boolean;
begin
  perform from jobs.fan_out for update;
  delete from jobs.subscription s where s.name = unsubscribe.name;
  _found := found;
  if _found then
    perform jobs._next_generation(
      exists (select from jobs.subscription s where upper_inf(s.live)));
  end if;
  return _found;
end $$;
