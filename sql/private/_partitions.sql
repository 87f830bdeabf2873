-- The partitions of job and event without the overflow, lowest first: positions from `low` up to
-- but not including `high`. `fixed`: it belongs to the extension, and cannot be dropped.
create or replace function jobs._partitions()
returns table (parent text, name text, low bigint, high bigint, fixed boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select p.relname::text, i.inhrelid::regclass::text,
      coalesce(substring(b.bound from $re$FROM \('?(\d+)'?\)$re$)::bigint, 0),
      substring(b.bound from $re$TO \('?(\d+)'?\)$re$)::bigint,
      exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = i.inhrelid and d.deptype = 'e')
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    join pg_class p on p.oid = i.inhparent
    cross join lateral pg_get_expr(c.relpartbound, c.oid) as b(bound)
    where i.inhparent in ('jobs.job'::regclass, 'jobs.event'::regclass) and b.bound <> 'DEFAULT'
    order by 3, 1 desc;
end $$;
