-- Makes the queues and kinds that do not exist yet. Waits for another transaction that is making
-- the same one: once in the life of a name, and in the order of names, so that two calls do not
-- wait for each other. Raises JB002 for a name that is empty or over 255 bytes.
create or replace function jobs._ensure_names(queues text[], kinds text[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _name text;
begin
  foreach _name in array coalesce(queues, '{}') || coalesce(kinds, '{}') loop
    if _name is null or octet_length(_name) not between 1 and 255 then
      perform jobs._raise_invalid(
        format('the name %s cannot be used', coalesce(quote_literal(left(_name, 40)), 'null')),
        'Names of queues and kinds are 1 to 255 bytes long.');
    end if;
  end loop;
  with made as (
    insert into jobs.queue (name) select distinct unnest(queues) order by 1
    on conflict (name) do nothing returning id)
  insert into jobs.queue_priority (queue_id, priority) select id, 0 from made;
  insert into jobs.kind (name) select distinct unnest(kinds) order by 1
  on conflict (name) do nothing;
end $$;
