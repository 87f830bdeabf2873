-- The states in which a job with these unique_options has its key, as unique_key.states keeps them.
create or replace function jobs._unique_states(options jsonb)
returns text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when options ? 'states' then array(select jsonb_array_elements_text(options -> 'states'))
    when options ? 'window' then '{ready,scheduled,blocked,running,completed,dead,cancelled,'
      'skipped,discarded}'::text[] end;
end $$;
