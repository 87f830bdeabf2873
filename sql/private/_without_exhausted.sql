-- The block without the jobs that have spent their attempts or claims, as after max_attempts was
-- lowered: those are dead now. Asked for blocks that were claimed before.
create or replace function jobs._without_exhausted(block jobs.ready)
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _spent bigint[];
  _abandoned bigint[];
begin
  select array_agg(p.id) filter (where block.attempt >= p.max_attempts),
    array_agg(p.id) filter (where block.attempt < p.max_attempts and block.claims >= p.max_claims)
  into _spent, _abandoned
  from jobs._policy p where p.id = any(block.ids);
  if _spent is not null then
    perform jobs._bury(block.queue_id, block.attempt, null, block.flags, _spent, 'exhausted',
      null);
  end if;
  if _abandoned is not null then
    perform jobs._bury(block.queue_id, block.attempt, null, block.flags, _abandoned, 'abandoned',
      null);
  end if;
  if _spent is not null or _abandoned is not null then
    block.ids := array(
      select i from unnest(block.ids) with ordinality as u(i, nth)
      where i <> all(coalesce(_spent, '{}') || coalesce(_abandoned, '{}')) order by nth);
  end if;
  return block;
end $$;
