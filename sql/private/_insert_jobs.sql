-- Jobs with these args exist, placed as `_place` said. Returns their ids in the order of args.
create or replace function jobs._insert_jobs(
  block jobs.ready, run_at timestamptz, options jsonb, args jsonb[])
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
      block.priority, _insert_jobs.options, a
    from unnest(args) as a
    returning id)
  select array_agg(id) into block.ids from inserted;
  perform jobs._put(block, run_at);
  return block.ids;
end $$;
