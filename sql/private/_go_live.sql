-- The subscription as it is when appends serve it from the next generation on; unchanged if another
-- transaction is changing the subscriptions, or has appended under REPEATABLE READ and is open: the
-- next step tries again. Its caller writes the row. Locks and writes: fan_out.
create or replace function jobs._go_live(subscription jobs.subscription)
returns jobs.subscription
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.subscription := subscription;
  _generation int;
begin
  perform from jobs.fan_out for update skip locked;
  if found then
    _generation := jobs._next_generation(true);
    _s.live := _s.live + int4multirange(int4range(_generation, null));
    _s.settle_pos := null;
    _s.changed_xid := pg_current_xact_id();
  end if;
  return _s;
end $$;
