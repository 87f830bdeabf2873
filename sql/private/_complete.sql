-- Each token's job is completed (see complete_many). Returns a row only for a token whose status is
-- not `completed`. Claims are finished in ascending order.
create or replace function jobs._complete(tokens bigint[], results jsonb[])
returns table (token bigint, status text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _group record;
  _lease jobs.lease;
  _tied bigint[] := array[]::bigint[];
begin
  return query select t.token, 'stale' from unnest(tokens) as t(token) where t.token is null;
  if results is not null then
    if cardinality(results) <> cardinality(tokens) then
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
  end if;
  for _group in
    select t.token >> 6 as claim, bit_or(1::bigint << (t.token & 63)::int) as slots, count(*) as n
    from unnest(tokens) as t(token) where t.token is not null
    group by 1 order by 1
  loop
    -- every slot of the claim, each given once: one statement
    if _group.n = bit_count(_group.slots::bit(64)) then
      with finished as (
        delete from jobs.lease l
        where l.claim = _group.claim and l.unfinished = _group.slots
          and cardinality(l.ids) = _group.n and l.flags & 2 = 0
        returning *)
      insert into jobs.event (pos, xid, at, claim, queue_id, type, attempt, ids, data)
      select nextval('jobs.pos_seq'), pg_current_xact_id(), jobs.now(), f.claim,
        f.queue_id, 'completed',
        f.attempt, f.ids,
        case when results is not null then array(
          select t.result from unnest(tokens, results) as t(token, result)
          where t.token >> 6 = f.claim order by t.token) end
      from finished f;
      continue when found;
      -- some of its slots, all of them open: two statements
      _lease := jobs._finish(_group.claim, _group.slots);
      if _lease.claim is not null then
        perform jobs._log('completed', _lease.queue_id, _lease.attempt,
          jobs._pick(_lease.ids, _group.slots), _group.claim,
          case when results is not null then array(
            select t.result from unnest(tokens, results) as t(token, result)
            where t.token >> 6 = _group.claim order by t.token) end);
        if _lease.flags & 2 <> 0 then
          _tied := _tied || jobs._pick(_lease.ids, _group.slots);
        end if;
        continue;
      end if;
    end if;
    -- one is stale, or given twice: each stands for itself
    for token in
      select t.token from unnest(tokens) as t(token) where t.token >> 6 = _group.claim order by 1
    loop
      _lease := jobs._finish(_group.claim, 1::bigint << (token & 63)::int);
      if _lease.claim is not null then
        perform jobs._log('completed', _lease.queue_id, _lease.attempt,
          _lease.ids[(token & 63) + 1:(token & 63) + 1], _group.claim,
          case when results is not null then array[results[array_position(tokens, token)]] end);
        if _lease.flags & 2 <> 0 then
          _tied := _tied || _lease.ids[(token & 63) + 1];
        end if;
      else
        status := jobs._refusal(token, '{completed}');
        return next;
      end if;
    end loop;
  end loop;
  -- all at once, in one order, so that two calls do not wait for each other
  if _tied <> '{}' then
    perform jobs._ended(_tied, 'completed');
  end if;
  if pg_sequence_last_value('jobs.waiter_flag') = 2 then
    perform jobs._tell_waiters();
  end if;
end $$;
