-- Is there a job that has not ended (ready, scheduled, blocked or running) of this kind, in this
-- queue, or both? Nothing changes. Names that are not known have none.
--   kind, queue  at least one of them
--   args         and whose args contain these: {"user": 7}; reads those of every live job of the
--                kind. Default any
--   unique_key   and which has this key: then it looks at nothing else, and no other is needed
-- It stops at the first that it finds, and otherwise reads the live jobs of the queue, or of all.
-- SQLSTATE JB002.
create or replace function jobs.has_in_flight(
  kind text default null, queue text default null, args jsonb default null,
  unique_key text default null)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  _kind_ids int[] := jobs._kind_ids(kind);
  _queue_id int := (select coalesce(max(q.id), -1) from jobs.queue q
    where q.name = has_in_flight.queue);
  _queue_ids int[] := case when queue is not null then array[_queue_id]
    else array(select q.id from jobs.queue q) end;
begin
  if unique_key is not null then
    return exists (
      select from jobs.unique_key u join jobs.job j on j.id = u.job_id
      where u.type = 'unique' and u.key = has_in_flight.unique_key
        and (has_in_flight.queue is null or u.queue_id = _queue_id)
        and (has_in_flight.kind is null or j.kind_id = any(_kind_ids))
        and (has_in_flight.args is null or j.args @> has_in_flight.args)
        and jobs._counts(u) and jobs._has_not_ended(j.id));
  end if;
  if num_nonnulls(kind, queue) = 0 then
    perform jobs._raise_invalid('neither kind, queue nor unique_key is given',
      'Say which jobs: by kind, queue or both, or by unique_key.');
  end if;
  if _kind_ids = '{}' or _queue_id = -1 and queue is not null then
    return false;
  end if;
  return exists (
    select
    from (
      select r.ids, r.kind_id, r.queue_id, -1::bigint as open from jobs._all_ready r
      union all
      select s.ids, s.kind_id, s.queue_id, -1 from jobs.scheduled s
      union all
      select l.ids, l.kind_id, l.queue_id, l.unfinished from jobs.lease l) as b
    where b.queue_id = any(_queue_ids)
      and (has_in_flight.kind is null or b.kind_id = 0 or b.kind_id = any(_kind_ids))
      and (has_in_flight.args is null and b.open = -1 and b.kind_id <> 0
        or exists (
          select from unnest(b.ids) with ordinality as i(id, slot)
          join jobs.job j on j.id = i.id
          where b.open & (1::bigint << (i.slot - 1)::int) <> 0
            and (has_in_flight.kind is null or j.kind_id = any(_kind_ids))
            and (has_in_flight.args is null or j.args @> has_in_flight.args))));
end $$;
