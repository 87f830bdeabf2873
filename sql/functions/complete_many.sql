-- Each token's job is completed. Nothing is raised for a token that is refused: it says so in its row.
--   results  by the order of tokens; default none
-- Returns a row per token, in order: `completed`, `already_done`, `stale`; or, for a job whose result is
-- too large and which has therefore failed, `scheduled`, `ready`, `dead` or `cancelled`.
-- SQLSTATE JB002. Locks: lease by claim. Writes: lease, event; scheduled, ready.
create or replace function jobs.complete_many(tokens bigint[], results jsonb[] default null)
returns table (token bigint, status text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _other_tokens bigint[];
  _other_statuses text[];
begin
  select array_agg(c.token), array_agg(c.status) into _other_tokens, _other_statuses
  from jobs._complete(tokens, results) as c;
  if _other_tokens is null then
    return query select t.token, 'completed' from unnest(tokens) as t(token);
  else
    return query
      select t.token, coalesce(_other_statuses[array_position(_other_tokens, t.token)], 'completed')
      from unnest(tokens) as t(token);
  end if;
end $$;
