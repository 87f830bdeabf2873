-- Whether a claim with this `routing` takes a job with this routing key ('': none), as _take does.
create or replace function jobs._asks_for(routing text[], routing_key text)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when routing is null then true
    when routing_key = '' and (cardinality(routing) = 0
      or array_position(routing, null) is not null) then true
    else coalesce(routing_key = any(routing), false) end;
end $$;
