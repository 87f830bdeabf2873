-- Jobs of these objects (see enqueue_many) exist. Returns their rows, group by group.
create or replace function jobs._insert_specs(jobs jsonb)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _group record;
  _held jsonb;
begin
  if _insert_specs.jobs @? '$[*].idempotency_key' or _insert_specs.jobs @? '$[*].unique_key' then
    _held := jobs._lock_keys(_insert_specs.jobs);
  end if;
  for _group in
    select e.job - 'args' as spec, array_agg(e.nth::int order by e.nth) as ords,
      array_agg(coalesce(e.job -> 'args', '{}') order by e.nth) as args
    from jsonb_array_elements(_insert_specs.jobs) with ordinality as e(job, nth)
    group by e.job - 'args'
    order by min(e.nth)
  loop
    return query
      select s.* from jobs._insert_spec(_group.spec, _group.args, _group.ords, _held) as s;
  end loop;
end $$;
