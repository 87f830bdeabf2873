-- Raises JB002 if one of these arguments of retry or retry_many is out of range.
create or replace function jobs._check_retry(
  run_at timestamptz, patch jsonb, rate double precision default null)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not isfinite(run_at) then
    perform jobs._raise_invalid(format('run_at is %s', run_at),
      'run_at is finite; in the past means now.');
  end if;
  if jsonb_typeof(patch) <> 'object' then
    perform jobs._raise_invalid(format('patch is of type %s', jsonb_typeof(patch)),
      'A patch is a JSON object, as {"region": "eu", "dry": null}: what is null is removed.');
  end if;
  if not (rate >= 0.000001 and rate < 'infinity') then
    perform jobs._raise_invalid(format('rate is %s', rate),
      'rate is how many jobs begin per second: at least 0.000001, and finite.');
  end if;
end $$;
