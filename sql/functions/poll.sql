-- The next events of a consumer, in order; none if there are none, if another process has its
-- batch, or if it failed and its time has not come. Nobody else gets a batch of this consumer until
-- this one is acknowledged to its end, its transaction is rolled back, or its lease has ended.
--   consumer    made by create_consumer
--   max_events  positions at most, 1 to 10000, default 100; the jobs of one transition share one
--   lease       how long the batch is out if the transaction commits before ack, at least 1 s,
--               default 30 s
-- Returns a row per event: token, the fence for ack, and the columns of read_all. Best is to poll,
-- apply and ack in one transaction: what the events did and that they are done is then one commit,
-- and the lease does not matter. A poll that returns nothing writes nothing, except now and then
-- how far it has looked.
-- SQLSTATEs: JB002, JB004 no such consumer, JB011 its next events were pruned.
-- Locks: the consumer's row, if nobody has it. Writes: consumer_cursor; ticks if nobody has for a
-- second.
create or replace function jobs.poll(
  consumer text, max_events int default 100, lease interval default '30 s')
returns table (
  token bigint, pos bigint, at timestamptz, stream text, version bigint, type text,
  schema_version int, event_id uuid, headers jsonb, data jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  _lease_ms int := jobs._milliseconds('lease', coalesce(lease, interval '30 s'), 1000);
  _now timestamptz := jobs.now();
  _consumer jobs.consumer;
  _patterns text[];
  _cursor jobs.consumer_cursor;
  _upto bigint;
  _events jobs.log_event[];
begin
  perform jobs._check_max_events(max_events);
  select * into _consumer from jobs.consumer c where c.name = poll.consumer;
  if not found then
    perform jobs._raise_not_found('consumer', consumer);
  end if;
  _patterns := jobs._patterns(_consumer.types);
  _upto := jobs._safe_pos();
  select * into _cursor from jobs.consumer_cursor c
  where c.consumer_id = _consumer.id order by c.ver desc limit 1;
  if _cursor.retry_at > _now
    or _cursor.until > _now
      and _cursor.polled_xid is distinct from pg_current_xact_id_if_assigned() then
    return;
  end if;
  if not exists (
      select from jobs._read(_cursor.pos, _upto, 1, _patterns, _consumer.category,
        _consumer.job_events))
    and (_upto - _cursor.pos < 10000 and _cursor.at > _now - interval '1 min'
      or _upto <= _cursor.pos) then
    perform jobs._check_pos(greatest(_cursor.pos, _cursor.accepted_pos), _patterns,
      _consumer.category, _consumer.job_events);
    return;
  end if;

  perform from jobs.consumer c where c.id = _consumer.id for update skip locked;
  if not found then
    return;
  end if;
  select * into _cursor from jobs.consumer_cursor c
  where c.consumer_id = _consumer.id order by c.ver desc limit 1;
  if _cursor.retry_at > _now
    or _cursor.until > _now and _cursor.polled_xid <> pg_current_xact_id() then
    return;
  end if;
  _events := array(
    select e from jobs._read(_cursor.pos, _upto, max_events, _patterns, _consumer.category,
      _consumer.job_events) as e);
  -- now: what was pruned before the read shows
  perform jobs._check_pos(greatest(_cursor.pos, _cursor.accepted_pos), _patterns,
      _consumer.category, _consumer.job_events);
  if _events = '{}' then
    if _upto > _cursor.pos then
      _cursor.pos := _upto;
      _cursor.at := _now;
      perform jobs._move_cursor(_cursor);
    end if;
    return;
  end if;
  _cursor.polled_pos := (_events[cardinality(_events)]).pos;
  -- fewer rows than positions were asked for: this is all there is
  _cursor.scanned_pos := case when cardinality(_events) < max_events then _upto
    else _cursor.polled_pos end;
  _cursor.token := nextval('jobs.pos_seq') << 12
    | ('x' || substr(md5(gen_random_uuid()::text), 1, 3))::bit(12)::bigint;
  _cursor.polled_xid := pg_current_xact_id();
  _cursor.until := _now + _lease_ms * interval '1 ms';
  perform jobs._move_cursor(_cursor);
  return query
    select _cursor.token, e.pos, e.at, e.stream, e.version, e.type, e.schema_version, e.event_id,
      e.headers, e.data
    from unnest(_events) as e;   -- in the array's order
end $$;
