-- Whether so many new jobs pass one of the gates 1 to 16 of a bounded queue: one that nobody holds
-- and that has the credit. Never waits. Locks: that row of queue_gate. Writes: queue_credit.
create or replace function jobs._pass_gate(queue_id int, wanted int)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _bound int := (select q.max_pending from jobs.queue q where q.id = _pass_gate.queue_id);
  _gate int;
  _credit jobs.queue_credit;
begin
  if _bound < 640 or _bound is null then
    return false;   -- _share_room lays nothing there
  end if;
  for _try in 1..3 loop
    select g.gate into _gate
    from jobs.queue_gate g
    cross join lateral (
      select * from jobs.queue_credit a where (a.queue_id, a.gate) = (g.queue_id, g.gate)
      order by a.ver desc limit 1) as c
    where g.queue_id = _pass_gate.queue_id and g.gate > 0
      and c.credit >= wanted and c.bound = _bound
    order by (g.gate + pg_backend_pid()) % 16 limit 1
    for no key update of g skip locked;
    exit when not found;
    _credit := jobs._credit_at(queue_id, _gate);   -- as it is now that the gate is held
    if _credit.credit >= wanted and _credit.bound = _bound then
      perform jobs._set_credit(_credit, _credit.credit - wanted, _bound);
      return true;
    end if;
  end loop;
  return false;
end $$;
