-- Nobody else uses job and event until this transaction ends: partitions may be dropped. False if
-- somebody does, for longer than a statement should take; that is seen without standing in the way
-- of others, who would have to wait behind this wait.
create or replace function jobs._lock_partitions()
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
as $$
declare
  _tables regclass[] := array(
    select t from unnest('{jobs.job,jobs.event}'::regclass[]) as t);
  _holders text[];
begin
  _holders := array(
    select l.virtualtransaction from pg_locks l
    where l.locktype = 'relation' and l.relation = any(_tables) and l.pid <> pg_backend_pid()
      and l.database = (select d.oid from pg_database d where d.datname = current_database()));
  if _holders <> '{}' then
    perform pg_sleep(0.05);
    if exists (
        select from pg_locks l
        where l.locktype = 'relation' and l.relation = any(_tables)
          and l.virtualtransaction = any(_holders)) then
      return false;
    end if;
  end if;
  lock table jobs.job, jobs.event in access exclusive mode;
  return true;
exception when lock_not_available then
  return false;
end $$;
