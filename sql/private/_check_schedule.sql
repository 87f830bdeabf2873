-- Raises JB002 or JB003 if there can be no such schedule; queue and kind exist afterwards.
create or replace function jobs._check_schedule(schedule jobs.schedule)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _spec jobs.job_spec;
begin
  perform jobs._check_name(schedule.name);
  perform jobs._check_args(array[schedule.args]);
  _spec.kind := schedule.kind;
  _spec.queue := schedule.queue;
  _spec.priority := schedule.priority;
  perform jobs._ensure_names(null, array[_spec.kind]);   -- known from now on, as strict_kinds asks
  perform jobs._place(_spec);
  if coalesce(schedule.catch_up, '') not in ('skip', 'once', 'all') then
    perform jobs._raise_invalid(format('catch_up is %L', schedule.catch_up),
      'Times at which nobody ticked are left out (skip), made up for once, or all of them.');
  end if;
  if coalesce(schedule.overlap, '') not in ('allow', 'skip', 'queue') then
    perform jobs._raise_invalid(format('overlap is %L', schedule.overlap),
      'While the job before has not ended: allow another, skip the time, or queue it.');
  end if;
  if schedule.jitter not between interval '0' and interval '20 days' then
    perform jobs._raise_invalid(
      format('jitter is %s', schedule.jitter), 'jitter is between 0 and 20 days.');
  end if;
  if not isfinite(schedule.starts_at) or not isfinite(schedule.ends_at)
    or schedule.ends_at < schedule.starts_at then
    perform jobs._raise_invalid(format('starts_at is %s, ends_at is %s',
      coalesce(schedule.starts_at::text, 'null'), coalesce(schedule.ends_at::text, 'null')),
      'Both are finite or left out, and it does not end before it starts.');
  end if;
  if jobs.next_run(schedule.cron, schedule.timezone, schedule.starts_at) is null then
    perform jobs._raise_invalid(format('%L never fits', schedule.cron),
      'Look at it with jobs.next_run(cron, timezone, after).');
  end if;
end $$;
