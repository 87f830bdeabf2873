-- The last position that can be read: every event up to it is committed or never will be, and what
-- commits from now on lies after it. Whoever is to read only what is new begins here, for example
-- `select * from jobs.read_all(after => …)`; 0 while the log is empty. 'now', where a consumer or a
-- subscription begins, may lie after it, as a transaction that has touched the log is open.
-- Writes nothing, but ticks if nobody has for a second.
create or replace function jobs.last_pos()
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return jobs._safe_pos();
end $$;
