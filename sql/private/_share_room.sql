-- So much of this room is laid behind these gates, which the caller holds: a 64th behind each, at
-- most 1,000; nothing where there is little, so that near its bound a queue is exact. What lies
-- there counts as part of the room if `is_counted` is false. Returns what is left. Writes:
-- queue_credit.
create or replace function jobs._share_room(
  queue_id int, gates int[], room int, bound int, is_counted boolean)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _share int := case when room >= 640 then least(room / 64, 1000) else 0 end;
  _credit jobs.queue_credit;
  _left int := room;
begin
  for _nth in 1..cardinality(gates) loop
    _credit := jobs._credit_at(queue_id, gates[_nth]);
    -- even as it is, in a transaction whose snapshot may be older than the last version
    if (_credit.credit, _credit.bound) <> (_share, bound)
      or current_setting('transaction_isolation') <> 'read committed' then
      perform jobs._set_credit(_credit, _share, bound);
    end if;
    _left := _left - _share + case when is_counted then 0 else _credit.credit end;
  end loop;
  return _left;
end $$;
