-- The first `jobs` jobs of a block that was taken out of ready; the others are back at its place.
create or replace function jobs._keep_first(block jobs.ready, jobs int)
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _rest jobs.ready := block;
begin
  _rest.ids := block.ids[jobs + 1:];
  perform jobs._put_back(_rest);
  block.ids := block.ids[:jobs];
  return block;
end $$;
