-- What the jobs of one claim share, with names: kind is null, and max_attempts the queue's, if they
-- are of several kinds.
create or replace function jobs._claim_facts(
  lease jobs.lease, out kind text, out queue text, out max_attempts int, out timeout interval)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  select coalesce(k.alias_of, k.name), q.name, coalesce(k.max_attempts, q.max_attempts, 20)
  into kind, queue, max_attempts
  from jobs.queue q left join jobs.kind k on k.id = lease.kind_id
  where q.id = lease.queue_id;
  if lease.timeout_ms > 0 then
    timeout := lease.timeout_ms * interval '1 millisecond';
  end if;
end $$;
