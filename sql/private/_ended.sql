-- What follows when these tied jobs have ended (_flags_of says which are): called in the
-- transaction of the terminal transition, after it, by every verb that makes one.
create or replace function jobs._ended(ids bigint[], outcome jobs.transition)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._free_unique_keys(ids, outcome);
  perform jobs._pass_on(ids, true);
end $$;
