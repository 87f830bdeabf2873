-- Jobs of this spec with these args exist, or one that stands for them (a key's), or none where a
-- full queue drops them: the first that fit are kept. Returns a row per job, in the order of args,
-- as enqueue_many does. `ords` are the indexes by which an error names them.
-- `held` is what _lock_keys said.
create or replace function jobs._insert_controlled(
  spec jobs.job_spec, args jsonb[], ords int[] default null, held jsonb default null)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _place record := jobs._place(spec);
  _ids bigint[];
begin
  if _place.regulated then
    perform jobs._check_kind_args((_place.block).kind_id, args, ords);
  end if;
  if num_nonnulls(spec.idempotency_key, spec.unique_key) > 0 then
    if _place.regulated then
      perform jobs._hold_gates(array[(_place.block).queue_id]);
    end if;
    return query
      select k.*
      from jobs._insert_keyed(spec, _place.block, _place.at, _place.options, _place.regulated,
        args, held) as k;
    return;
  end if;
  _ids := jobs._insert_admitted(_place.block, _place.at, _place.options, _place.regulated, args);
  if spec.depends_on <> '{}' then
    perform jobs._end_doomed(_ids);
  end if;
  return query
    select u.nth::int, u.id, u.id is not null, false
    from unnest(args, _ids) with ordinality as u(arg, id, nth);
end $$;
