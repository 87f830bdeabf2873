-- The consumer has failed: it stays where it is, shows why, and gives out nothing until its time
-- has come. Returns that time. Call it when the transaction that handled the batch has been rolled
-- back.
--   consumer  whose batch it was
--   error     an object {"type", "message", "traceback"}; a string becomes its message
--   retry_in  default: the failures since it last moved decide, from 1 s, doubling, up to 5 min
--   pos       of the event that could not be handled, if that is known; if the consumer is past it
--             by now, another process has handled it: nothing changes, null is returned
--   token     as poll returned it; may be left out if no batch is out
-- SQLSTATEs: JB001 the batch is another's, JB002, JB004. Locks: the consumer's row. Writes:
-- consumer_cursor.
create or replace function jobs.nack(
  consumer text, error jsonb default null, retry_in interval default null,
  pos bigint default null, token bigint default null)
returns timestamptz
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _cursor jobs.consumer_cursor := jobs._lock_consumer(consumer);
  _now timestamptz := jobs.now();
begin
  if retry_in not between interval '0' and interval '20 days' then
    perform jobs._raise_invalid(
      format('retry_in is %s', retry_in), 'retry_in is between 0 and 20 days.');
  end if;
  if token is null and _cursor.until > _now and _cursor.polled_xid <> pg_current_xact_id()
    or token is not null and token is distinct from _cursor.token then
    perform jobs._raise_stale_batch(consumer, token);
  end if;
  if pos <= _cursor.pos then
    return null;
  end if;
  _cursor.until := null;
  _cursor.token := null;
  _cursor.failures := _cursor.failures + 1;
  _cursor.failed_pos := pos;
  _cursor.failed_at := _now;
  _cursor.error := jobs._error(error);
  _cursor.retry_at := _now + coalesce(retry_in,
    jobs.backoff_delay('{"cap": 300}', _cursor.failures, random()));
  perform jobs._move_cursor(_cursor);
  return _cursor.retry_at;
end $$;
