-- Each token's job is completed (see complete_many). Returns a row only for a token whose status is not
-- `completed`. Claims are finished in ascending order.
create or replace function jobs._complete(tokens bigint[], results jsonb[])
returns table (token bigint, status text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _group record;
  _lease jobs.lease;
begin
  if results is not null and cardinality(results) <> cardinality(tokens) then
    perform jobs._raise_invalid(
      format('%s results for %s tokens', cardinality(results), cardinality(tokens)),
      'Give one result (or null) per token, in the same order.');
  end if;
  if (select max(pg_column_size(r)) from unnest(results) as r) > 2000 then
    return query
      select f.token, f.status from jobs._fail_oversized(tokens, results) as f;
    tokens := array(
      select case when not jobs._is_oversized(t.result) then t.token end
      from unnest(tokens, results) with ordinality as t(token, result, nth) order by t.nth);
  end if;
  for _group in
    select t.token >> 6 as claim, bit_or(1::bigint << (t.token & 63)::int) as slots,
      array_agg(t.token order by t.token) as tokens,
      case when results is not null then array_agg(t.result order by t.token) end as results
    from unnest(tokens, results) as t(token, result)
    where t.token is not null
    group by 1 order by 1
  loop
    _lease := null;
    if cardinality(_group.tokens) = 1 or cardinality(_group.tokens) = bit_count(_group.slots::bit(64)) then
      _lease := jobs._finish(_group.claim, _group.slots);
    end if;
    if _lease.claim is not null then
      perform jobs._log('completed', _lease.queue_id, _lease.attempt,
        jobs._pick(_lease.ids, _group.slots), _group.claim, _group.results);
      continue;
    end if;
    -- one of the tokens is stale or given twice: each stands for itself
    for _nth in 1..cardinality(_group.tokens) loop
      token := _group.tokens[_nth];
      _lease := jobs._finish(_group.claim, 1::bigint << (token & 63)::int);
      if _lease.claim is not null then
        perform jobs._log('completed', _lease.queue_id, _lease.attempt,
          _lease.ids[(token & 63) + 1:(token & 63) + 1], _group.claim,
          case when results is not null then _group.results[_nth:_nth] end);
      else
        status := jobs._refusal(token, '{completed}');
        return next;
      end if;
    end loop;
  end loop;
end $$;
