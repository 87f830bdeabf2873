-- The place of the first job of a lane, from its watermark on: of those that take turns (`fair`) or
-- of the others. Null if there is none.
create or replace function jobs._lane_head(
  queue_id int, priority smallint, soft bigint, fair boolean)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if fair then
    return (
      select f.ord from jobs.fair_line f
      where f.queue_id = _lane_head.queue_id and f.priority = _lane_head.priority
      order by f.round, f.ord limit 1);
  end if;
  return (
    select r.ord from jobs.ready r
    where r.queue_id = _lane_head.queue_id and r.priority = _lane_head.priority and r.ord >= soft
    order by r.ord limit 1);
end $$;
