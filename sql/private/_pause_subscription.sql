-- From the next generation on appends do not serve the subscription; what they append meanwhile is
-- left for backfill, which does nothing until it is resumed. Raises JB004.
create or replace function jobs._pause_subscription(name text, paused boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.subscription;
  _generation int;
  _last bigint;
begin
  perform from jobs.fan_out for update;
  select * into _s from jobs.subscription s where s.name = _pause_subscription.name for update;
  if not found then
    perform jobs._raise_not_found('subscription', name);
  end if;
  if paused and upper_inf(_s.live) then
    _generation := jobs._next_generation(exists (
      select from jobs.subscription s where upper_inf(s.live) and s.id <> _s.id));
    select case when s.is_called then s.last_value else 0 end into _last from jobs.pos_seq s;
    _s.live := _s.live - int4multirange(int4range(_generation, null));
    _s.backfill_pos := least(_s.backfill_pos, _last);   -- null counts as infinite
    _s.settle_pos := null;
    _s.changed_xid := pg_current_xact_id();
  end if;
  update jobs.subscription s
  set paused = _pause_subscription.paused, live = _s.live, backfill_pos = _s.backfill_pos,
    settle_pos = _s.settle_pos, changed_xid = _s.changed_xid
  where s.id = _s.id;
  if not paused then
    perform jobs._backfill(name, 1000);
  end if;
end $$;
