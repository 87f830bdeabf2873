-- The log in order, a page at a time: every event after a position, users' and jobs', that matches.
-- Nothing that commits later has a lower position than what is returned, so that a reader who goes
-- on from the last `pos` misses nothing. It is as fresh as the oldest open transaction that has
-- touched the log; what an append's own transaction has written it sees after its commit.
--   after       the last position that was read; default: from the oldest event that is there
--   max_events  positions at most, 1 to 10000, default 1000; the jobs of one transition share one
--   types       patterns such as {order.*,job.dead}; default any. Jobs' types are job. and the
--               transition (job_event.type), their data {"job_id", "kind", "queue", "attempt",
--               "worker", "data"}
--   job_events  true: only jobs' events, false: only users', default both
--   allow_gaps  also if events after that position were pruned: what is left of them is read; for
--               the pages after one without `after`. Default false
-- SQLSTATEs: JB002, JB011 events after that position are gone, or it is ahead of the log. Writes
-- nothing, but ticks if nobody has for a second.
create or replace function jobs.read_all(
  after bigint default null, max_events int default 1000, types text[] default null,
  job_events boolean default null, allow_gaps boolean default false)
returns setof jobs.log_event
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _patterns text[] := jobs._patterns(types);
  _upto bigint;
begin
  perform jobs._check_max_events(max_events);
  _upto := jobs._safe_pos();
  return query
    select * from jobs._read(coalesce(after, 0), _upto, max_events, _patterns, null, job_events);
  if after is not null then   -- now: what was pruned before the read shows
    perform jobs._check_pos(after, _patterns, null, job_events, allow_gaps);
  end if;
end $$;
