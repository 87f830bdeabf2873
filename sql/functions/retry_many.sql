-- Up to max_jobs (default 1000) dead jobs are ready again, as retry; oldest death first. One whose
-- unique_key another job has by now is left.
--   queue, kind, reason  only those, default any; reason as in history: exhausted, abandoned, …
-- Returns how many: call it again until it is 0. SQLSTATE JB002.
-- Locks: the jobs' rows. Writes: event, ready.
create or replace function jobs.retry_many(
  queue text default null, kind text default null, reason text default null,
    max_jobs int default 1000)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set enable_seqscan = off
set enable_sort = off
as $$
declare
  _queue_id int := (
    select coalesce(max(q.id), -1) from jobs.queue q where q.name = retry_many.queue);
  _kind text := jobs._current_kind(kind);
  _event record;
  _id bigint;
  _retried bigint := 0;
begin
  perform jobs._check_max_jobs(max_jobs);
  -- Deaths in their order, and each job's state by itself: as one query with the states joined it
  -- read the state of every job there is (38 s for 60,000 jobs without statistics).
  for _event in
    select e.pos, e.ids
    from jobs.rare_event r
    join jobs.event e on e.pos = r.pos
    where r.type = 'dead' and (retry_many.queue is null or e.queue_id = _queue_id)
    order by r.pos
  loop
    foreach _id in array _event.ids loop
      if exists (
          select from jobs.job_state s
          where s.id = _id and s.since_pos = _event.pos
            and (retry_many.kind is null or s.kind = _kind)
            and (retry_many.reason is null or s.data ->> 'reason' = retry_many.reason)) then
        perform from jobs.job j where j.id = _id for update skip locked;
        if found and (select s.state from jobs.job_state s where s.id = _id) = 'dead' then
          _retried := _retried + (jobs._retry(_id) is null)::int;
        end if;
      end if;
      if _retried >= max_jobs then
        return _retried;
      end if;
    end loop;
  end loop;
  return _retried;
end $$;
