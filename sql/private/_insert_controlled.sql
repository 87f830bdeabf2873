-- Jobs of this spec with these args exist, or one that stands for them (a key's), or none where a
-- full queue drops them: the first that fit are kept. Returns a row per job, in the order of args,
-- as enqueue_many does. `ords` are the indexes by which an error names them.
create or replace function jobs._insert_controlled(
  spec jobs.job_spec, args jsonb[], ords int[] default null)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _place record := jobs._place(spec);
  _admitted int := cardinality(args);
  _ids bigint[] := array[]::bigint[];
begin
  if _place.regulated then
    perform jobs._check_kind_args((_place.block).kind_id, args, ords);
    _admitted := jobs._admit((_place.block).queue_id, _admitted);
  end if;
  if _admitted > 0 then
    _ids := jobs._insert_jobs(_place.block, _place.at, _place.options, args[:_admitted]);
  end if;
  if spec.ordering_key is not null then
    perform jobs._line_up(i, i) from unnest(_ids) as i;
  end if;
  return query
    select u.nth::int, u.id, u.id is not null, false
    from unnest(args, _ids) with ordinality as u(arg, id, nth);
end $$;
