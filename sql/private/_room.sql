-- How many jobs of a queue (scope `q`) or a kind (`k`) may start now, at most `wanted`: what its
-- limits leave. Until this transaction ends nobody else counts on the same room.
--
-- Claims in flight do not see one another's leases, so each must know what the others can take at
-- most. A limit has 16 stripes, which are advisory locks (classes 29819 to 29834). While no more
-- than half of max_running is used, a claim that holds n stripes may take n shares of
-- max_running / 32: sixteen such claims together take at most the other half. (At the moment when
-- the last of them looked, no more than half was committed; whoever looks later counts what has
-- committed since.) Beyond half, and for a rate, a claim waits for all sixteen and then counts what
-- is there: one claim at a time.
-- Returns 0 if another claim holds the limit for over a second. Raises JB002 outside of READ
-- COMMITTED, where a claim cannot see what others have committed.
create or replace function jobs._room(
  scope "char", id int, max_running int, rate double precision, burst int, wanted int)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  _limit int := id * 2 + (scope = 'k')::int;
  _share int := max_running / 32;
  _first int := floor(random() * 16);
  _stripes int := 0;
  _room double precision := wanted;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform jobs._raise_invalid('a claim from what has a limit, outside of READ COMMITTED',
      'Claim in autocommit, or in a READ COMMITTED transaction.');
  end if;
  if rate is null and _share > 0
    and jobs._running(scope, id) <= max_running - 20 * _share then
    for _nth in 0..15 loop
      exit when _stripes * _share >= wanted;
      if pg_try_advisory_xact_lock(29819 + (_first + _nth) % 16, _limit) then
        _stripes := _stripes + 1;
      end if;
    end loop;
    -- once some stripes are held, waiting for the others could be a deadlock
    if _stripes > 0 then
      return case when jobs._running(scope, id) <= max_running - 16 * _share
        then least(wanted, _stripes * _share) else 0 end;
    end if;
  end if;
  begin
    for _nth in 0..15 loop
      perform pg_advisory_xact_lock(29819 + _nth, _limit);
    end loop;
  exception when lock_not_available then
    return 0;
  end;
  if max_running is not null then
    _room := least(_room, max_running - jobs._running(scope, id));
  end if;
  if rate is not null then
    _room := least(_room, floor(jobs._tokens(scope, id, '', rate, jobs._burst(rate, burst))));
  end if;
  return greatest(0, _room);
end $$;
