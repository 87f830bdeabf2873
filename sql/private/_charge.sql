-- What was taken of the rooms is paid from the buckets of the queues and kinds that have a rate.
-- The caller holds the locks of their limits (_room).
create or replace function jobs._charge(found jobs.rooms, remaining jobs.rooms)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._spend('q', q.id, '',
    jobs._tokens('q', q.id, '', q.rate, jobs._burst(q.rate, q.burst)) - s.had + s.has)
  from unnest(found.queue_ids, found.queue_rooms, remaining.queue_rooms) as s(id, had, has)
  join jobs.queue q on q.id = s.id and q.rate is not null
  where s.had > s.has;
  perform jobs._spend('k', k.id, '',
    jobs._tokens('k', k.id, '', k.rate, jobs._burst(k.rate, k.burst)) - s.had + s.has)
  from unnest(found.kind_ids, found.kind_rooms, remaining.kind_rooms) as s(id, had, has)
  join jobs.kind k on k.id = s.id and k.rate is not null
  where s.had > s.has;
end $$;
