-- What became of a schedule's last times, newest first: due_at, at (when it was looked at), job_id,
-- state (of that job, null once it is pruned), skipped: why there was no job, `overlap` or `missed`
-- (the first of those that were left out together), or why there is none yet, `queued`.
--   name      which
--   max_runs  at most, 1 to 100, which is what is kept; default 20
-- SQLSTATEs JB002, JB004 no such schedule. Writes nothing.
create or replace function jobs.schedule_history(name text, max_runs int default 20)
returns table (
  due_at timestamptz, at timestamptz, job_id bigint, state text, skipped text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _id int;
  _next timestamptz;
begin
  if max_runs not between 1 and 100 or max_runs is null then
    perform jobs._raise_invalid(
      format('max_runs is %s', max_runs), 'max_runs is between 1 and 100.');
  end if;
  select s.id, s.next_at into _id, _next
  from jobs.schedule s where s.name = schedule_history.name;
  if not found then
    perform jobs._raise_not_found('schedule', name);
  end if;
  return query
    select r.due_at, r.at, r.job_id, (select j.state from jobs.job_state j where j.id = r.job_id),
      case when r.skipped = 'queued' and r.due_at is distinct from _next then 'missed'
        else r.skipped end
    from jobs.schedule_run r where r.schedule_id = _id
    order by r.due_at desc limit max_runs;
end $$;
