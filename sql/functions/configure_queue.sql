-- The settings given are in force for a queue, which exists afterwards; null leaves one as it is.
--   max_attempts, backoff      for its jobs, where neither job nor kind has its own; read when an
--                              attempt ends
--   lease, timeout             the same, but fixed when a job is enqueued
--   keep                       how long prune keeps jobs that have ended, default 7 days
--   keep_completed, keep_cancelled, keep_skipped, keep_discarded
--                              the same for one state, default keep
--   keep_dead                  how long it keeps dead ones, default 90 days
--   keep_results               how long it keeps what completed jobs returned, default as long as
--                              the jobs
--   max_pending                so many of its jobs, at most, have not ended; default any number.
--                              Beyond it enqueue raises JB030, or with overflow `drop` does nothing
--   overflow                   `error` (default) or `drop`
--   strict_kinds               are jobs of kinds that are not known refused? default
--                              setting.strict_kinds, which is false
--   max_running                how many of its jobs may run at a time, default any number
--   rate, burst                how many may start a second in the long run, and at once (default:
--                              rate, rounded up), default any number
--   …_per_key                  the same for the jobs of each concurrency_key; max_running_per_key
--                              is 1 by default
--   ageing                     a ready job is overtaken by so many newer blocks, at most, for each
--                              step by which their priority is higher; default any number
--   reset                      names of settings to put back to their default
-- SQLSTATE JB002. Locks and writes: the row of queue; prune_mark where an age is given; the row of
-- queue_gate where max_pending is given, as producers of a bounded queue do, then queue_credit.
create or replace function jobs.configure_queue(
  name text, max_attempts int default null, backoff jsonb default null, lease interval default null,
  timeout interval default null, keep interval default null, keep_dead interval default null,
  reset text[] default '{}', max_pending int default null, overflow text default null,
  strict_kinds boolean default null, keep_completed interval default null,
  keep_cancelled interval default null, keep_skipped interval default null,
  keep_discarded interval default null, keep_results interval default null,
  max_running int default null, rate double precision default null, burst int default null,
  max_running_per_key int default null, rate_per_key double precision default null,
  burst_per_key int default null, ageing int default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._check_reset(reset,
    '{max_attempts,backoff,lease,timeout,max_pending,overflow,strict_kinds,keep,keep_completed,
      keep_cancelled,keep_skipped,keep_discarded,keep_dead,keep_results,max_running,rate,burst,
      max_running_per_key,rate_per_key,burst_per_key,ageing}');
  if ageing not between 1 and 1000000 then
    perform jobs._raise_invalid(format('ageing is %s', ageing),
      'The blocks that may overtake a job, a step of priority, are between 1 and 1000000.');
  end if;
  perform jobs._check_limits(max_running, rate, burst);
  perform jobs._check_limits(max_running_per_key, rate_per_key, burst_per_key, '_per_key');
  perform jobs._options(null, max_attempts, null, null, null, backoff, null);
  if max_pending < 1 then
    perform jobs._raise_invalid(format('max_pending is %s', max_pending),
      'max_pending is at least 1; reset => ''{max_pending}'' takes the bound away.');
  end if;
  if overflow not in ('error', 'drop') then
    perform jobs._raise_invalid(format('overflow is %L', overflow),
      'error: enqueue raises JB030 when the queue is full; drop: it returns null.');
  end if;
  perform jobs._ensure_names(array[name], null);
  perform jobs._set_ages(name, reset, keep, keep_completed, keep_cancelled, keep_skipped,
    keep_discarded, keep_dead, keep_results);
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
    max_running = jobs._set('max_running', reset, configure_queue.max_running, q.max_running),
    rate = jobs._set('rate', reset, configure_queue.rate, q.rate),
    burst = jobs._set('burst', reset, configure_queue.burst, q.burst),
    max_running_per_key = coalesce(jobs._set('max_running_per_key', reset,
      configure_queue.max_running_per_key, q.max_running_per_key), 1),
    rate_per_key = jobs._set('rate_per_key', reset, configure_queue.rate_per_key, q.rate_per_key),
    burst_per_key = jobs._set('burst_per_key', reset, configure_queue.burst_per_key,
      q.burst_per_key),
    ageing = jobs._set('ageing', reset, configure_queue.ageing, q.ageing)
  where q.name = configure_queue.name;
end $$;
