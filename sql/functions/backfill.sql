-- Subscriptions that begin in the past, or were paused, have come nearer to the present: up to
-- max_events (1 to 10000, default 1000) of their events have become jobs, in order. tick does the
-- same in smaller steps while nothing else is to be done.
--   subscription  default: each one that is not up to date
-- Returns one row per subscription that was not: how many jobs were made, and whether it is worth
-- calling at once again. SQLSTATEs: JB002, JB004 no such subscription. Locks: the subscription, if
-- nobody else fills it. Writes: as enqueue; subscription, fan_out.
create or replace function jobs.backfill(
  subscription text default null, max_events int default 1000)
returns table (name text, made bigint, more boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _safe_pos bigint := jobs._safe_pos();
  _name text;
begin
  perform jobs._check_max_events(max_events);
  if subscription is not null
    and not exists (select from jobs.subscription s where s.name = subscription) then
    perform jobs._raise_not_found('subscription', subscription);
  end if;
  for _name in
    select s.name from jobs.subscription s
    where s.backfill_pos is not null and not s.paused
      and (subscription is null or s.name = subscription)
    order by s.id
  loop
    return query
      select _name, b.made, b.more from jobs._backfill(_name, max_events, _safe_pos) as b;
  end loop;
end $$;
