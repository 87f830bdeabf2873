-- The schedule's job for this time exists; its id.
create or replace function jobs._enqueue_due(schedule jobs.schedule, due_at timestamptz)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return jobs._enqueue_own(schedule.kind, schedule.args, schedule.queue, schedule.priority,
    delay => case when schedule.jitter > interval '0' then schedule.jitter * random() end,
    headers => jsonb_build_object('schedule', schedule.name, 'due_at',
      to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
end $$;
