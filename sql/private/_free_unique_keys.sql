-- The unique keys of these jobs, which have ended like this, are free, unless a key counts for
-- longer (states, window of unique_options). A key that another transaction is taking over is left
-- to that: a worker never waits for a producer. If that one rolls back, its row stays without
-- counting, until it is taken or the job is pruned. Locks, skipping what is locked, and writes:
-- unique_key.
create or replace function jobs._free_unique_keys(ids bigint[], outcome jobs.transition)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  with freed as (
    select u.ctid
    from jobs.job j
    join jobs.unique_key u on u.type = 'unique' and u.key = j.options ->> 'unique_key'
      and u.queue_id = j.queue_id and u.job_id = j.id
    where j.id = any(ids) and outcome::text <> all(coalesce(u.states, '{}'))
    for update of u skip locked)
  delete from jobs.unique_key u using freed f where u.ctid = f.ctid;
end $$;
