-- How many jobs of the queue are ready. By the index, however little the planner knows of a table
-- that is full and empty by turns.
create or replace function jobs._ready_jobs(queue_id int)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  return (
    select coalesce(sum(cardinality(r.ids)), 0) from jobs._all_ready r
    where r.queue_id = _ready_jobs.queue_id);
end $$;
