-- How many jobs of the queue have not ended: those that are ready, scheduled, blocked or running.
create or replace function jobs._live_jobs(queue_id int)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = on
set jit = off
as $$
begin
  return jobs._ready_jobs(queue_id)
    + (select coalesce(sum(cardinality(s.ids)), 0) from jobs.scheduled s
      where s.queue_id = _live_jobs.queue_id)
    + (select coalesce(sum(bit_count(l.unfinished::bit(64))), 0) from jobs.lease l
      where l.queue_id = _live_jobs.queue_id);
end $$;
