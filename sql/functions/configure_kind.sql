-- The settings given are in force for a kind, which exists afterwards; null leaves one as it is.
--   queue                  where its jobs go if enqueue does not say, default `default`
--   max_attempts, backoff  for its jobs without their own; read when an attempt ends
--   lease, timeout         the same, but fixed when a job is enqueued
--   max_claims             claims that one round of attempts may cost, default 50
--   charge_lost            does a lost lease cost an attempt? default true
--   on_dead                a kind: one such job is enqueued, in the same transaction, for each job
--                          that dies, with args {"job": {"id", "kind", "queue"}, "reason",
--                          "error"}; default none
--   on_dead_policy         what a death does besides, in the same transaction: `none` (default),
--                          `pause_queue`, `pause_kind`: nothing more of the dead job's queue, or of
--                          its kind, is claimed until resume
--   reset                  names of settings to put back to their default
-- SQLSTATE JB002. Locks and writes: the row of kind; queue.
create or replace function jobs.configure_kind(
  name text, queue text default null, max_attempts int default null, backoff jsonb default null,
  lease interval default null, timeout interval default null, max_claims int default null,
  charge_lost boolean default null, on_dead text default null, reset text[] default '{}',
  on_dead_policy text default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._check_reset(reset,
    '{queue,max_attempts,backoff,lease,timeout,max_claims,charge_lost,on_dead,
      on_dead_policy}');
  perform jobs._options(null, max_attempts, null, null, null, backoff, null);
  if max_claims not between 1 and 32767 then
    perform jobs._raise_invalid(
      format('max_claims is %s', max_claims), 'max_claims is between 1 and 32767.');
  end if;
  if on_dead = name then
    perform jobs._raise_invalid(format('on_dead of %s is itself', name),
      'Name another kind: a job that reports deaths must not report its own without end.');
  end if;
  if on_dead_policy not in ('none', 'pause_queue', 'pause_kind') then
    perform jobs._raise_invalid(format('on_dead_policy is %L', on_dead_policy),
      'on_dead_policy is none, pause_queue or pause_kind.');
  end if;
  perform jobs._ensure_names(
    case when queue is not null then array[queue] end,
    array[name] || case when on_dead is not null then array[on_dead] end);
  update jobs.kind k set
    queue = coalesce(jobs._set('queue', reset, configure_kind.queue, k.queue), 'default'),
    max_attempts = jobs._set('max_attempts', reset, configure_kind.max_attempts::smallint,
      k.max_attempts),
    backoff = jobs._set('backoff', reset, configure_kind.backoff, k.backoff),
    lease_ms = jobs._set('lease', reset, nullif(jobs._milliseconds('lease', lease, 1000), 0),
      k.lease_ms),
    timeout_ms = jobs._set('timeout', reset,
      nullif(jobs._milliseconds('timeout', timeout, 1), 0), k.timeout_ms),
    max_claims = coalesce(jobs._set('max_claims', reset, configure_kind.max_claims::smallint,
      k.max_claims), 50),
    charge_lost = coalesce(jobs._set('charge_lost', reset, configure_kind.charge_lost,
      k.charge_lost), true),
    on_dead = jobs._set('on_dead', reset, configure_kind.on_dead, k.on_dead),
    on_dead_policy = coalesce(jobs._set('on_dead_policy', reset, configure_kind.on_dead_policy,
      k.on_dead_policy), 'none')
  where k.name = configure_kind.name;
end $$;
