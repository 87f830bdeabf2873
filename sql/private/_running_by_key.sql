-- How many jobs of a concurrency key are running, counted from the leases of its claims.
create or replace function jobs._running_by_key(queue_id int, key text)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(sum(bit_count(l.unfinished::bit(64))), 0)
    from jobs.key_claim c join jobs.lease l on l.claim = c.claim
    where c.queue_id = _running_by_key.queue_id and c.key = _running_by_key.key);
end $$;
