-- The aliases of this kind have its settings, whatever those are by now: jobs that were enqueued
-- under an old name are treated as the others. Writes: kind.
create or replace function jobs._mirror_kind(name text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _alias jobs.kind;
begin
  for _alias in select * from jobs.kind k where k.alias_of = _mirror_kind.name order by k.id loop
    delete from jobs.kind k where k.id = _alias.id;
    insert into jobs.kind overriding system value
    select m.*
    from jobs.kind k
    cross join lateral jsonb_populate_record(k, jsonb_build_object('id', _alias.id,
      'name', _alias.name, 'alias_of', _alias.alias_of, 'created_at', _alias.created_at)) as m
    where k.name = _mirror_kind.name;
  end loop;
end $$;
