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
--                          its kind, is claimed until resume; `cancel_batch`: its batch is
--                          cancelled, by the next tick
--   required_args          keys that the args of its jobs must have, default none; enqueue raises
--                          JB002 where one is missing
--   arg_types              types of keys of its args, default any: {"to": "string", "cc":
--                          ["string", "null"]}; of string, number, integer, boolean, object,
--                          array, null
--   alias_of               its new name: what is enqueued under the old one, and what was before,
--                          is of that kind, and has its settings
--   max_running            how many of its jobs may run at a time, default any number
--   rate, burst            how many may start a second in the long run, and at once (default: rate,
--                          rounded up), default any number
--   reset                  names of settings to put back to their default
-- The name of an alias stands for its kind. SQLSTATE JB002. Locks and writes: the row of kind, and
-- those of its aliases; queue.
create or replace function jobs.configure_kind(
  name text, queue text default null, max_attempts int default null, backoff jsonb default null,
  lease interval default null, timeout interval default null, max_claims int default null,
  charge_lost boolean default null, on_dead text default null, reset text[] default '{}',
  on_dead_policy text default null, required_args text[] default null,
  arg_types jsonb default null, alias_of text default null, max_running int default null,
  rate double precision default null, burst int default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text := name;
begin
  perform jobs._check_reset(reset,
    '{queue,max_attempts,backoff,lease,timeout,max_claims,charge_lost,on_dead,
      on_dead_policy,required_args,arg_types,alias_of,max_running,rate,burst}');
  perform jobs._check_limits(max_running, rate, burst);
  perform jobs._options(null, max_attempts, null, null, null, backoff, null);
  if max_claims not between 1 and 32767 then
    perform jobs._raise_invalid(
      format('max_claims is %s', max_claims), 'max_claims is between 1 and 32767.');
  end if;
  if required_args = '{}' or array_position(required_args, null) is not null then
    perform jobs._raise_invalid(format('required_args is %s', required_args),
      'Name the keys: ''{to,subject}''; reset => ''{required_args}'' requires none.');
  end if;
  perform jobs._check_arg_types(arg_types);
  if jobs._current_kind(on_dead) = coalesce(alias_of, jobs._current_kind(name)) then
    perform jobs._raise_invalid(format('on_dead of %s is itself', name),
      'Name another kind: a job that reports deaths must not report its own without end.');
  end if;
  if on_dead_policy not in ('none', 'pause_queue', 'pause_kind', 'cancel_batch') then
    perform jobs._raise_invalid(format('on_dead_policy is %L', on_dead_policy),
      'on_dead_policy is none, pause_queue, pause_kind or cancel_batch.');
  end if;
  perform jobs._ensure_names(
    case when queue is not null then array[queue] end,
    array[name] || case when on_dead is not null then array[on_dead] end
      || case when alias_of is not null then array[alias_of] end);
  if 'alias_of' = any(reset) then
    update jobs.kind k set alias_of = null where k.name = configure_kind.name;
  elsif alias_of is not null then
    perform jobs._set_alias(name, alias_of);
  end if;
  _name := jobs._current_kind(name);
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
      k.on_dead_policy), 'none'),
    required_args = jobs._set('required_args', reset, configure_kind.required_args,
      k.required_args),
    arg_types = jobs._set('arg_types', reset, configure_kind.arg_types, k.arg_types),
    max_running = jobs._set('max_running', reset, configure_kind.max_running, k.max_running),
    rate = jobs._set('rate', reset, configure_kind.rate, k.rate),
    burst = jobs._set('burst', reset, configure_kind.burst, k.burst)
  where k.name = _name;
  perform jobs._mirror_kind(_name);
end $$;
