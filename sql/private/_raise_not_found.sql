-- Raises JB004: there is no such job, queue, kind, subscription, schedule, consumer,
-- batch or event.
create or replace function jobs._raise_not_found(what text, name text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'JB004',
    message = format('there is no %s %s', what, coalesce(name, 'null')),
    hint = case what
      when 'job' then 'It was never committed, or it has been pruned.'
      when 'event' then 'It was never committed, or it has been pruned.'
      when 'batch' then 'It was never committed, or it has been pruned; see jobs.list_batches().'
      when 'subscription' then 'Make it with jobs.subscribe; names are case-sensitive.'
      when 'schedule' then 'Make it with jobs.schedule; names are case-sensitive.'
      when 'consumer' then 'Make it with jobs.create_consumer; names are case-sensitive.'
      else 'Names are case-sensitive; a name comes into being with its first enqueue or configure_'
        || what || '.' end;
end $$;
