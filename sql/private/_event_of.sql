-- Every stored event of one job, in no order. See event_by_first_id.
create or replace function jobs._event_of(id bigint)
returns setof jobs.event
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select e.* from jobs.event e
    where e.ids[1] between _event_of.id - 1023 and _event_of.id and e.pos > _event_of.id
      and e.ids[cardinality(e.ids)] >= _event_of.id and _event_of.id = any(e.ids);
end $$;
