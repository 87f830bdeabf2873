-- The state of a job that waits, from what is kept with the transition that made it wait: `blocked`
-- if that names what it waits for, `scheduled` if it has a run_at, else `ready`.
create or replace function jobs._waiting_state(data jsonb)
returns text
language sql immutable
return case when data ? 'blocked' then 'blocked' when data ? 'run_at' then 'scheduled'
  else 'ready' end;
