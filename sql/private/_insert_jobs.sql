-- Jobs with these args exist, placed as _place said; `headers`, if given, has each one's own, in
-- the order of args. Returns their ids in that order.
create or replace function jobs._insert_jobs(
  block jobs.ready, run_at timestamptz, options jsonb, args jsonb[],
  headers jsonb[] default null)
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
begin
  with inserted as (
    insert into jobs.job (id, created_at, queue_id, kind_id, priority, options, args)
    select nextval('jobs.pos_seq'), _now, block.queue_id, block.kind_id,
      block.priority,
      case when headers is null then _insert_jobs.options
        else coalesce(_insert_jobs.options, '{}') || jsonb_build_object('headers', u.h) end,
      u.a
    from unnest(args, headers) as u(a, h)
    returning id)
  select array_agg(id) into block.ids from inserted;
  perform jobs._put(block, run_at);
  return block.ids;
end $$;
