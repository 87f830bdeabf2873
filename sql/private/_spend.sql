-- The bucket has so many tokens now. The caller holds the limit's lock.
create or replace function jobs._spend(scope "char", id int, key text, tokens double precision)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _ver bigint := nextval('jobs.bucket_seq');
begin
  insert into jobs.bucket (scope, id, key, ver, tokens, at)
  values (_spend.scope, _spend.id, _spend.key, _ver, _spend.tokens, jobs.now());
  delete from jobs.bucket where ctid = any(array(
    select b.ctid from jobs.bucket b
    where (b.scope, b.id, b.key) = (_spend.scope, _spend.id, _spend.key) and b.ver < _ver
    for update skip locked));
end $$;
