-- Raises JB002 if a backoff is not one that backoff_delay can compute.
create or replace function jobs._check_backoff(backoff jsonb)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _unknown text;
  _key text;
  _strategy text := coalesce(backoff ->> 'strategy', 'exponential');
begin
  if backoff is null then
    return;
  end if;
  if jsonb_typeof(backoff) <> 'object' then
    perform jobs._raise_invalid('backoff is not a JSON object',
      'For example {"strategy": "exponential", "base": 1, "cap": 3600, "jitter": 0.25}.');
  end if;
  select k into _unknown from jsonb_object_keys(backoff) k
  where k not in ('strategy', 'base', 'factor', 'cap', 'jitter', 'delays') limit 1;
  if _unknown is not null or _strategy not in ('exponential', 'linear', 'constant', 'list') then
    perform jobs._raise_invalid(
      format('backoff has an unknown %s',
        coalesce('key ' || quote_literal(_unknown), 'strategy ' || quote_literal(_strategy))),
      'Keys: strategy (exponential, linear, constant, list), base, factor, cap, jitter, delays.');
  end if;
  foreach _key in array '{base, factor, cap, jitter}'::text[] loop
    if backoff ? _key and jsonb_typeof(backoff -> _key) <> 'number' then
      perform jobs._raise_invalid(format('backoff.%s is not a number', _key),
        'base and cap are seconds, factor at least 1, jitter between 0 and 1.');
    end if;
  end loop;
  if coalesce((backoff ->> 'base')::numeric, 1) < 0
    or coalesce((backoff ->> 'factor')::numeric, 2) not between 1 and 1000
    or coalesce((backoff ->> 'cap')::numeric, 3600) not between 0 and 31536000
    or coalesce((backoff ->> 'jitter')::numeric, 0) not between 0 and 1
    or coalesce((backoff ->> 'base')::numeric, 1)
      > coalesce((backoff ->> 'cap')::numeric, 3600) then
    perform jobs._raise_invalid(format('backoff %s is out of range', backoff),
      '0 <= base <= cap (default 3600) <= 31536000 s, 1 <= factor <= 1000, 0 <= jitter <= 1.');
  end if;
  if (_strategy = 'list') <> (backoff ? 'delays')
    or backoff ? 'delays' and (
      jsonb_typeof(backoff -> 'delays') <> 'array'
      or jsonb_array_length(backoff -> 'delays') = 0
      or jsonb_path_exists(backoff -> 'delays',
        'strict $[*] ? (@.type() != "number" || @ < 0 || @ > 31536000)')) then
    perform jobs._raise_invalid('the strategy list and the key delays go together',
      'delays is an array of seconds, each 0 to 31536000; the last one repeats.');
  end if;
end $$;
