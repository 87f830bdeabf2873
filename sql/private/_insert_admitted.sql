-- Jobs with these args exist, placed as _place said, or only the first of them, where a full queue
-- drops the rest. Returns the ids of those that do, in the order of args.
create or replace function jobs._insert_admitted(
  block jobs.ready, at timestamptz, options jsonb, regulated boolean, args jsonb[])
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _admitted int := cardinality(args);
  _ids bigint[];
begin
  if regulated then
    _admitted := jobs._admit(block.queue_id, _admitted);
  end if;
  if _admitted = 0 then
    return array[]::bigint[];
  end if;
  if options ? 'batch' then   -- for the handler to see
    options := options || jsonb_build_object('headers',
      coalesce(options -> 'headers', '{}') || jsonb_build_object('batch', options -> 'batch'));
  end if;
  if options ? 'depends_on' then
    _ids := jobs._insert_dependent(block, at, options, args[:_admitted]);
  else
    _ids := jobs._insert_jobs(block, at, options, args[:_admitted]);
  end if;
  if options ? 'batch' then
    perform jobs._join_batch((options ->> 'batch')::bigint, _ids);
  end if;
  if options ? 'ordering_key' then
    perform jobs._line_up(i, i) from unnest(_ids) as i;
  end if;
  return _ids;
end $$;
