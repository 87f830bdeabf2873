-- Whether this time of a schedule is one that waits until the job before it has ended.
create or replace function jobs._is_queued(schedule_id int, due_at timestamptz)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from jobs.schedule_run r
    where (r.schedule_id, r.due_at) = (_is_queued.schedule_id, _is_queued.due_at)
      and r.skipped = 'queued');
end $$;
