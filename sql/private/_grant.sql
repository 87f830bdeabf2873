-- The block's ids, at most 60, are claimed until the lease ends: an event and a lease. Returns the
-- lease. A claim is never committed asynchronously: after a crash its number could be given out
-- again.
create or replace function jobs._grant(block jobs.ready, worker uuid, lease_ms int)
returns jobs.lease
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _lease interval := coalesce(nullif(block.lease_ms, 0), lease_ms) * interval '1 millisecond';
  _granted jobs.lease;
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  with claimed as (
    insert into jobs.event (pos, xid, at, claim, queue_id, type, attempt, worker, ids)
    select p.pos, pg_current_xact_id(), _now, (p.pos << 12) | floor(random() * 4096)::bigint,
      block.queue_id, 'claimed', block.attempt + 1, _grant.worker,
      block.ids
    from (select nextval('jobs.pos_seq') as pos) as p
    returning claim)
  insert into jobs.lease (
    claim, until, deadline, unfinished, queue_id, kind_id, lease_ms, timeout_ms, priority, attempt,
      claims, flags,
    ids)
  select c.claim, _now + _lease,
    case block.timeout_ms when 0 then 'infinity'
      else _now + _lease + block.timeout_ms * interval '1 millisecond' end,
    (1::bigint << cardinality(block.ids)) - 1, block.queue_id, block.kind_id,
    coalesce(nullif(block.lease_ms, 0), _grant.lease_ms), block.timeout_ms, block.priority,
    block.attempt + 1, block.claims + 1,
    (block.flags & ~8) | (block.lease_ms > 0)::int, block.ids
  from claimed c
  returning * into _granted;
  if _granted.flags & 4 <> 0 then
    perform jobs._note_start(_granted);
  end if;
  return _granted;
end $$;
