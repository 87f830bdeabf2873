-- Jobs of this spec with these args exist, or one that stands for them (a key's). Returns a row per
-- job, in the order of args, as enqueue_many does.
create or replace function jobs._insert_controlled(spec jobs.job_spec, args jsonb[])
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _place record := jobs._place(spec);
begin
  return query
    select u.nth::int, u.id, true, false
    from unnest(jobs._insert_jobs(_place.block, _place.at, _place.options, args))
      with ordinality as u(id, nth);
end $$;
