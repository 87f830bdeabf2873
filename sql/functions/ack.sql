-- The consumer has done the events up to this position, if and when the caller's transaction
-- commits; it goes on after it. Returns the position.
--   consumer  whose batch it is
--   pos       the last one that is done, of those that were polled; the batch ends with its last
--   token     as poll returned it; may be left out in the transaction that has polled
-- The same again is done already and changes nothing.
-- SQLSTATEs: JB001 the batch is another's by now (its lease had ended, or the consumer was reset),
-- JB002, JB004 no such consumer, JB005 the position lies before the consumer's or past its batch.
-- Locks: the consumer's row. Writes: consumer_cursor.
create or replace function jobs.ack(consumer text, pos bigint, token bigint default null)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _cursor jobs.consumer_cursor := jobs._lock_consumer(consumer);
  _here boolean;
begin
  if pos is null then
    perform jobs._raise_invalid('pos is null', 'Pass the position of the last event that is done.');
  end if;
  _here := coalesce(_cursor.polled_xid = pg_current_xact_id(), false);
  if token is null and not _here or token is not null and token is distinct from _cursor.token then
    perform jobs._raise_stale_batch(consumer, token);
  end if;
  if pos = _cursor.acked_pos then
    return pos;
  end if;
  if pos <= _cursor.pos or pos > _cursor.polled_pos then
    raise exception using
      errcode = 'JB005',
      message = format('consumer %s cannot be at position %s', consumer, pos),
      detail = format('it is at %s, and was given events up to %s', _cursor.pos,
        _cursor.polled_pos),
      hint = 'Acknowledge what was polled, forwards; to go elsewhere use jobs.reset_consumer.';
  end if;
  _cursor.at := jobs.now();
  _cursor.acked_pos := pos;
  _cursor.pos := case when pos = _cursor.polled_pos then _cursor.scanned_pos else pos end;
  if _here or pos = _cursor.polled_pos then
    _cursor.until := null;
  end if;
  _cursor.failures := 0;
  _cursor.failed_pos := null;
  _cursor.failed_at := null;
  _cursor.retry_at := null;
  _cursor.error := null;
  perform jobs._move_cursor(_cursor);
  return pos;
end $$;
