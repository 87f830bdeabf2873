-- If nobody has ticked for 100 ms: a tick, where this transaction may (it has run nothing before,
-- or its tick would lock out all others until it ends); otherwise what is due becomes ready at
-- least. Returns whether anything was done: then what the caller has read before may be over.
--   ticked_at  when the last tick was, if the caller knows
--   sweep      as _tick
create or replace function jobs._freshen(
  ticked_at timestamptz default null, sweep boolean default true)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
begin
  if ticked_at is null then
    select r.at into ticked_at from jobs.register r order by r.ver desc limit 1;
  end if;
  -- a mark from the future is one of a clock that has been set back
  if ticked_at > _now - interval '100 ms' and ticked_at < _now + interval '100 ms' then
    return false;
  end if;
  -- in the extended protocol even the first statement begins a little after its transaction
  if statement_timestamp() > transaction_timestamp() + interval '1 ms' or not jobs._tick(sweep) then
    perform jobs._promote(100);
  end if;
  return true;
end $$;
