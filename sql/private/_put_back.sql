-- A block that was taken out of ready is back at its place; nothing if it has no ids.
create or replace function jobs._put_back(block jobs.ready)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if block.flags & 16 <> 0 then
    perform jobs._put_fair(block, true);
  elsif block.ids <> '{}' then
    insert into jobs.ready select (block).*;
  end if;
end $$;
