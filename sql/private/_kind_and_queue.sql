-- The names of kind and queue of such an object (see enqueue_many), as _place finds them.
create or replace function jobs._kind_and_queue(spec jsonb, out kind text, out queue text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  kind := jobs._current_kind(spec ->> 'kind');
  queue := coalesce(spec ->> 'queue',
    (select k.queue from jobs.kind k where k.name = _kind_and_queue.kind), 'default');
end $$;
