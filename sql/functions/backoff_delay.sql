-- The delay after attempt number `attempt` (from 1) under a backoff; writes nothing.
--   backoff  keys strategy, base, factor, cap, jitter, delays (seconds); null: all defaults
--   jitter   where in the jitter's range, from 0 (the whole delay, default) to 1 (the shortest)
-- exponential: least(cap, base * factor^(attempt-1)); linear: least(cap, base * attempt);
-- constant: least(cap, base); list: delays[attempt], the last one repeating. Then up to a share of
-- `backoff.jitter` (default 0.25 for exponential, else 0) is taken off. No attempt overflows.
-- SQLSTATE JB002 for a backoff or an attempt that is out of range.
create or replace function jobs.backoff_delay(
  backoff jsonb, attempt int, jitter double precision default 0)
returns interval
language plpgsql immutable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _strategy text := coalesce(backoff ->> 'strategy', 'exponential');
  _base double precision := coalesce((backoff ->> 'base')::double precision, 1);
  _factor double precision := coalesce((backoff ->> 'factor')::double precision, 2);
  _cap double precision := coalesce((backoff ->> 'cap')::double precision, 3600);
  _spread double precision := coalesce((backoff ->> 'jitter')::double precision,
    case _strategy when 'exponential' then 0.25 else 0 end);
  _delays jsonb := backoff -> 'delays';
  _seconds double precision;
begin
  perform jobs._check_backoff(backoff);
  if attempt < 1 or jitter not between 0 and 1 then
    perform jobs._raise_invalid(format('attempt is %s, jitter is %s', attempt, jitter),
      'attempt is at least 1, jitter between 0 and 1.');
  end if;
  _seconds := case
    when _strategy = 'list' then
      (_delays ->> least(attempt, jsonb_array_length(_delays)) - 1)::double precision
    when _strategy = 'constant' then _base
    when _strategy = 'linear' then least(_cap, _base * attempt)
    when _base = 0 then 0
    -- the logarithms are compared, since the power itself may overflow
    when (attempt - 1) * ln(_factor) >= ln(_cap / _base) then _cap
    else _base * power(_factor, attempt - 1)
  end;
  return make_interval(secs => _seconds * (1 - _spread * jitter));
end $$;
