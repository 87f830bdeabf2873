-- By how many steps the first job of a lane has aged: one for each 2 * ageing positions that were
-- drawn since it became ready. A newer block overtakes it only if its priority is higher by more;
-- and each block that becomes ready draws two positions at least (its place, and that of its
-- enqueuing or promotion), so at most `ageing` blocks do, for each step.
create or replace function jobs._aged(
  queue_id int, priority smallint, soft bigint, ageing int)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _ord bigint;
begin
  select r.ord into _ord from jobs.ready r
  where r.queue_id = _aged.queue_id and r.priority = _aged.priority and r.ord >= soft
  order by r.ord limit 1;
  return coalesce((select s.last_value - _ord from jobs.pos_seq s) / (2 * ageing), 0);
end $$;
