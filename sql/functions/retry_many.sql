-- Up to max_jobs (default 1000) dead jobs are ready again, as retry; oldest death first.
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
as $$
declare
  _id bigint;
  _retried bigint := 0;
begin
  perform jobs._check_max_jobs(max_jobs);
  for _id in
    select s.id
    from jobs.rare_event r
    join jobs.event e on e.pos = r.pos
    cross join lateral unnest(e.ids) as i(id)
    join jobs.job_state s on s.id = i.id and s.since_pos = e.pos
    join jobs.job j on j.id = s.id
    where r.type = 'dead'
      and (retry_many.queue is null or s.queue = retry_many.queue)
      and (retry_many.kind is null or s.kind = retry_many.kind)
      and (retry_many.reason is null or s.data ->> 'reason' = retry_many.reason)
    order by r.pos limit max_jobs for update of j skip locked
  loop
    if (select s.state from jobs.job_state s where s.id = _id) = 'dead' then
      perform jobs.retry(_id);
      _retried := _retried + 1;
    end if;
  end loop;
  return _retried;
end $$;
