-- What has become of these jobs so far: a row per id, in the order of ids, also for one that was
-- never committed or has been pruned (its state is null). One look-up a job.
--   notify  the next job that ends, whichever it is, notifies channel `jobs.ended`, once: for a
--           caller that listens and is about to wait. Poll too: a notification is a hint, and a job
--           whose end is being committed right now may end without one. Default false
-- Returns the state; result, of a completed job (null: it returned none, or it is no longer kept,
-- which result_pruned tells); reason and error, of one that ended otherwise or waits for its next
-- attempt. Call it outside of REPEATABLE READ, in which nothing ever changes.
-- Writes: nothing but the flag, if it was not up.
create or replace function jobs.results(ids bigint[], notify boolean default false)
returns table (
  id bigint, state text, result jsonb, reason text, error jsonb, result_pruned boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  if notify and pg_sequence_last_value('jobs.waiter_flag') is distinct from 2 then
    perform setval('jobs.waiter_flag', 2);
  end if;
  return query   -- now: what ended before the flag was up shows
    select u.id, s.state,
      case when s.state = 'completed' then s.data end,
      case when s.state not in ('completed', 'running') then s.data ->> 'reason' end,
      case when s.state not in ('completed', 'running') then s.data -> 'error' end,
      coalesce(s.state = 'completed' and s.result_pruned, false)
    from unnest(results.ids) with ordinality as u(id, nth)
    left join jobs.job_state s on s.id = u.id
    order by u.nth;
end $$;
