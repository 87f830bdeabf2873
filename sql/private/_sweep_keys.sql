-- Up to 1000 keys whose time is over are forgotten; what another transaction has locked is left.
-- Writes: unique_key.
create or replace function jobs._sweep_keys()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  delete from jobs.unique_key u
  where u.ctid = any(array(
    select o.ctid from jobs.unique_key o where o.until <= jobs.now()
    order by o.until limit 1000 for update skip locked));
end $$;
