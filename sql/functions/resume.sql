-- This queue, or this kind, is claimed from again; its workers are told.
-- Give queue, kind or both. SQLSTATEs: JB002 neither is given, JB004 there is none of that name.
-- Locks and writes: the rows of queue and kind.
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
