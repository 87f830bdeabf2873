-- Nothing of this queue, or of this kind, is claimed any more: enqueuing goes on, running jobs
-- finish. It lasts until resume. A subscription's events make no jobs meanwhile, and are made up
-- for; a schedule's times make none, and are not. Give one of them or several. A death may do the
-- same (configure_kind's on_dead_policy); list_pauses tells who did.
--   reason  why, for people: explain, health and list_pauses show it, with since when and by which
--           role; of a queue or a kind only, default none
-- SQLSTATEs: JB002 none is given, JB004 there is none of that name.
-- Locks: the rows of subscription and schedule. Writes: pause; subscription, schedule.
create or replace function jobs.pause(
  queue text default null, kind text default null, subscription text default null,
  schedule text default null, reason text default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._set_paused(queue, kind, subscription, schedule, true,
    jobs._trim_bytes(reason, 1024, false));
end $$;
