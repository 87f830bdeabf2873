-- The token's job is put off: it is scheduled, its attempt is given back and its claims start anew.
--   delay, until  when it may run again; give one of them
--   max_snoozes   how often it may be put off since it was enqueued or retried; one more and it is
--                 dead; default without end
-- Returns `scheduled` (`ready` if that time has come), `dead`, `cancelled` (that was requested), or
-- `already_done`.
-- SQLSTATEs: JB001 the claim is over, JB002. Locks: lease. Writes: lease, event; scheduled, ready.
create or replace function jobs.snooze(
  token bigint, delay interval default null, until timestamptz default null,
    max_snoozes int default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  _slot bigint := 1::bigint << (token & 63)::int;
  _delay interval;
  _lease jobs.lease;
  _snoozes bigint;
begin
  if num_nonnulls(delay, until) <> 1 or delay not between interval '0' and interval '1000 years'
    or not isfinite(until) then
    perform jobs._raise_invalid(format('snooze by %s until %s', delay, until),
      'Give either delay, not negative and at most 1000 years, or until, which is finite.');
  end if;
  _delay := greatest(interval '0', coalesce(delay, until - jobs.now()));
  _lease := jobs._finish(token >> 6, _slot);
  if _lease.claim is null then
    return jobs._raise_stale(token, jobs._refusal(token, '{snoozed,dead,cancelled}'));
  end if;
  if max_snoozes is not null then
    select count(*) filter (where e.type = 'snoozed' and e.pos > e.retried_at) into _snoozes
    from (
      select a.type, a.pos,
        coalesce(max(a.pos) filter (where a.type = 'retried') over (), 0) as retried_at
      from jobs._event_of(_lease.ids[(token & 63) + 1]) a) as e;
  end if;
  if _snoozes >= max_snoozes then
    return (
      select s.status from jobs._settle(_lease, _slot, 'snoozed',
        jsonb_build_object('type', 'TooManySnoozes', 'message',
          format('snoozed %s times', _snoozes)),
        _delay, 'rejected', false) as s);
  end if;
  return (
    select s.status from jobs._settle(_lease, _slot, 'snoozed', null, _delay, null, false) as s);
end $$;
