-- Every stored event of one job, in no order.
create or replace function jobs._event_of(id bigint)
returns setof jobs.event
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select e.* from jobs.event e
    where e.low is null and e.ids[1] = _event_of.id and e.pos > _event_of.id;
  return query
    select e.* from jobs.event e
    where e.high - e.low < 4096 and e.low between _event_of.id - 4095 and _event_of.id
      and e.high >= _event_of.id and e.ids @> array[_event_of.id] and e.pos > _event_of.id;
  return query
    select e.* from jobs.event e
    where e.high - e.low >= 4096 and e.ids @> array[_event_of.id] and e.pos > _event_of.id;
end $$;
