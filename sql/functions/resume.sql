-- This queue, or this kind, is claimed from again, whoever or whatever has paused it; its workers
-- are told. A subscription catches up; a schedule goes on with its next time. Give one of them or
-- several. SQLSTATEs: JB002 none is given, JB004 there is none of that name.
-- Locks: the rows of pause, subscription and schedule. Writes: pause; subscription, schedule; as
-- backfill.
create or replace function jobs.resume(
  queue text default null, kind text default null, subscription text default null,
  schedule text default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._set_paused(queue, kind, subscription, schedule, false);
end $$;
