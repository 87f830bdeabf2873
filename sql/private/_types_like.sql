-- The types of users' events that match one of the patterns: one index look-up for each type there
-- is.
create or replace function jobs._types_like(patterns text[])
returns text[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    with recursive known as (
      (select e.type from jobs.stream_event e order by e.type limit 1)
      union all
      select (
        select e.type from jobs.stream_event e where e.type > k.type order by e.type limit 1)
      from known k where k.type is not null)
    select k.type from known k where k.type like any(patterns collate "C"));
end $$;
