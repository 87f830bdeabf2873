-- The keys of these objects (see enqueue_many), as far as they are free, are this transaction's,
-- taken in one order, so that two calls with the same keys do not wait for each other. Queues and
-- kinds are made before, for the same reason. What cannot be read is left to whom it concerns.
-- Returns the id of the job that has each other key, by _key_name. It has been decided with that:
-- to look again, and to wait for a key that is free by now, would be out of that order.
-- Locks and writes: queue, kind; queue_gate; unique_key by type, key and queue.
create or replace function jobs._lock_keys(jobs jsonb)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _key record;
  _names text[];
  _ids text[];
  _id bigint;
begin
  perform jobs._check_kind(e ->> 'kind', e ->> 'queue')
  from jsonb_array_elements(_lock_keys.jobs) as e
  where octet_length(e ->> 'kind') between 1 and 255;
  perform jobs._ensure_names(
    array_agg(distinct n.queue) filter (where n.is_new_queue),
    array_agg(distinct n.kind) filter (where n.is_new_kind))
  from (
    select p.queue, p.kind,
      k.id is null and octet_length(p.kind) between 1 and 255 as is_new_kind,
      q.id is null and octet_length(p.queue) between 1 and 255 as is_new_queue
    from jsonb_array_elements(_lock_keys.jobs) as e
    cross join lateral jobs._kind_and_queue(e) as p
    left join jobs.kind k on k.name = p.kind
    left join jobs.queue q on q.name = p.queue) as n
  where n.is_new_queue or n.is_new_kind;
  perform jobs._hold_gates(array(
    select q.id from jsonb_array_elements(_lock_keys.jobs) as e
    cross join lateral jobs._kind_and_queue(e) as p
    join jobs.queue q on q.name = p.queue));
  for _key in
    select distinct v.type, v.key collate "C" as key, q.id as queue_id
    from jsonb_array_elements(_lock_keys.jobs) as e
    cross join lateral (values
      ('idempotency'::jobs.key_type, e ->> 'idempotency_key'),
      ('unique', e ->> 'unique_key')) as v(type, key)
    cross join lateral jobs._kind_and_queue(e) as p
    join jobs.queue q on q.name = p.queue
    where octet_length(v.key) between 1 and 1024
    order by 1, 2, 3
  loop
    _id := jobs._take_key(_key.type, _key.key, _key.queue_id);
    if _id is not null then
      _names := _names || jobs._key_name(_key.type, _key.key, _key.queue_id);
      _ids := _ids || _id::text;
    end if;
  end loop;
  return jsonb_object(coalesce(_names, '{}'), coalesce(_ids, '{}'));
end $$;
