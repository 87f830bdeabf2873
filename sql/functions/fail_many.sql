-- Each token's job has failed: as fail, one element per token in every array; null for its default.
-- Returns a row per token, in order, with the status that fail returns, or `stale`.
-- SQLSTATE JB002. Locks: lease by claim. Writes: as fail.
create or replace function jobs.fail_many(
  tokens bigint[], errors jsonb[] default null, retry_in interval[] default null,
  reasons text[] default null, charge boolean[] default null)
returns table (token bigint, status text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  _statuses text[] := array_fill(null::text, array[cardinality(tokens)]);
  _nth int;
begin
  if coalesce(cardinality(errors), cardinality(tokens)) <> cardinality(tokens)
    or coalesce(cardinality(retry_in), cardinality(tokens)) <> cardinality(tokens)
    or coalesce(cardinality(reasons), cardinality(tokens)) <> cardinality(tokens)
    or coalesce(cardinality(charge), cardinality(tokens)) <> cardinality(tokens) then
    perform jobs._raise_invalid('the arrays differ in length',
      'Give one element (or null) per token, in the same order, or leave the array out.');
  end if;
  for _nth in select t.nth from unnest(tokens) with ordinality as t(token, nth)
    order by t.token loop
    _statuses[_nth] := coalesce(
      jobs._fail(tokens[_nth], errors[_nth], retry_in[_nth], reasons[_nth],
        coalesce(charge[_nth], true)),
      jobs._refusal(tokens[_nth], '{failed,dead,cancelled}'));
  end loop;
  return query select t.token, t.status from unnest(tokens, _statuses) as t(token, status);
end $$;
