-- The error that an event `failed` or `dead` carries; for one without, its reason as the message.
create or replace function jobs._error_of(data jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(data -> 'error',
    jsonb_build_object('message', coalesce(data ->> 'reason', 'no error was given')));
end $$;
