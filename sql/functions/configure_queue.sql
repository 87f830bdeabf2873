-- The settings given are in force for a queue, which exists afterwards; null leaves one as it is.
--   max_attempts, backoff      for its jobs, where neither job nor kind has its own; read when an
--                              attempt ends
--   lease, timeout             the same, but fixed when a job is enqueued
--   keep, keep_dead            how long ended jobs are kept by prune: completed, skipped, discarded
--                              and cancelled ones (default 7 days); dead ones (default 90 days)
--   max_pending                so many of its jobs, at most, have not ended; default any number.
--                              Beyond it enqueue raises JB030, or with overflow `drop` does nothing
--   overflow                   `error` (default) or `drop`
--   strict_kinds               are jobs of kinds that are not known refused? default
--                              setting.strict_kinds, which is false
--   reset                      names of settings to put back to their default
-- SQLSTATE JB002. Locks and writes: the row of queue; of queue_gate where max_pending is given, as
-- producers of a bounded queue do, then queue_credit.
create or replace function jobs.configure_queue(
  name text, max_attempts int default null, backoff jsonb default null, lease interval default null,
  timeout interval default null, keep interval default null, keep_dead interval default null,
  reset text[] default '{}', max_pending int default null, overflow text default null,
  strict_kinds boolean default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._check_reset(reset,
    '{max_attempts,backoff,lease,timeout,keep,keep_dead,max_pending,overflow,strict_kinds}');
  perform jobs._options(null, max_attempts, null, null, null, backoff, null);
  if least(keep, keep_dead) < interval '0' then
    perform jobs._raise_invalid(format('keep is %s, keep_dead is %s', keep, keep_dead),
      'How long ended jobs are kept is not negative.');
  end if;
  if max_pending < 1 then
    perform jobs._raise_invalid(format('max_pending is %s', max_pending),
      'max_pending is at least 1; reset => ''{max_pending}'' takes the bound away.');
  end if;
  if overflow not in ('error', 'drop') then
    perform jobs._raise_invalid(format('overflow is %L', overflow),
      'error: enqueue raises JB030 when the queue is full; drop: it returns null.');
  end if;
  perform jobs._ensure_names(array[name], null);
  if max_pending is not null then
    perform jobs._open_gate(name);
  end if;
  update jobs.queue q set
    max_attempts = jobs._set('max_attempts', reset, configure_queue.max_attempts::smallint,
      q.max_attempts),
    backoff = jobs._set('backoff', reset, configure_queue.backoff, q.backoff),
    lease_ms = jobs._set('lease', reset, nullif(jobs._milliseconds('lease', lease, 1000), 0),
      q.lease_ms),
    timeout_ms = jobs._set('timeout', reset,
      nullif(jobs._milliseconds('timeout', timeout, 1), 0), q.timeout_ms),
    max_pending = jobs._set('max_pending', reset, configure_queue.max_pending, q.max_pending),
    overflow = coalesce(jobs._set('overflow', reset, configure_queue.overflow, q.overflow),
      'error'),
    strict_kinds = jobs._set('strict_kinds', reset, configure_queue.strict_kinds, q.strict_kinds),
    keep = coalesce(jobs._set('keep', reset, configure_queue.keep, q.keep), interval '7 days'),
    keep_dead = coalesce(jobs._set('keep_dead', reset, configure_queue.keep_dead, q.keep_dead),
      interval '90 days')
  where q.name = configure_queue.name;
end $$;
