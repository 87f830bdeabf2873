-- A job exists for each of these events and each subscription that appends of this generation serve
-- and that the event matches.
create or replace function jobs._fan_out(generation int, poss bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _subscription jobs.subscription;
  _matching bigint[];
begin
  for _subscription in
    select * from jobs.subscription s where s.live @> generation order by s.id
  loop
    _matching := array(
      select e.pos from jobs.stream_event e
      where e.pos = any(poss)
        and (_subscription.category is null
          or split_part(e.stream, '-', 1) = _subscription.category)
        and (_subscription.patterns is null or e.type like any(_subscription.patterns))
      order by e.pos);
    if _matching <> '{}' then
      perform jobs._deliver(_subscription, _matching);
    end if;
  end loop;
end $$;
