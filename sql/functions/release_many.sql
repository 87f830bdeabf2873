-- Each token's job is ready again: as release. Slots of one claim go back as a block.
-- Returns a row per token, in no order: the status that release returns, or `stale`.
-- Locks: lease by claim. Writes: lease, event, ready.
create or replace function jobs.release_many(tokens bigint[])
returns table (token bigint, status text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  _group record;
  _lease jobs.lease;
  _held bigint;
begin
  for _group in
    select t.token >> 6 as claim, bit_or(1::bigint << (t.token & 63)::int) as slots,
      array_agg(distinct t.token) as tokens
    from unnest(tokens) as t(token) group by 1 order by 1
  loop
    -- only the slots that are still held, so that a stale one does not stop the others
    select l.unfinished & _group.slots into _held
    from jobs.lease l where l.claim = _group.claim for update;
    if _held > 0 then
      _lease := jobs._finish(_group.claim, _held);
      return query
        select (_group.claim << 6) | (array_position(_lease.ids, s.id) - 1), s.status
        from jobs._settle(_lease, _held, 'released', null, interval '0', null, false) as s;
    end if;
    return query
      select t, jobs._refusal(t, '{released,dead,cancelled}') from unnest(_group.tokens) as t
      where (coalesce(_held, 0) & (1::bigint << (t & 63)::int) = 0) is not false;   -- null is stale
  end loop;
end $$;
