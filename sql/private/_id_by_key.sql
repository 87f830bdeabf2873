-- The id of the job that has this key, in this queue or (null) in any, or of no key the id itself;
-- null if there is no such job. Raises JB002 if jobs of several queues have it, or if it is not
-- said clearly which job is meant.
create or replace function jobs._id_by_key(
  id bigint, idempotency_key text, unique_key text, queue text)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  _ids bigint[];
begin
  if num_nonnulls(idempotency_key, unique_key, queue) = 0 then
    return id;
  elsif num_nonnulls(id, idempotency_key, unique_key) <> 1 or id is not null then
    perform jobs._raise_invalid('it is not clear which job is meant',
      'Give an id, or an idempotency_key, or a unique_key; with a key its queue, if you like.');
  end if;
  _ids := array(
    select u.job_id
    from jobs.unique_key u join jobs.queue q on q.id = u.queue_id
    where u.type = case when unique_key is null then 'idempotency' else 'unique' end::jobs.key_type
      and u.key = coalesce(unique_key, idempotency_key)
      and (_id_by_key.queue is null or q.name = _id_by_key.queue) and jobs._counts(u));
  if cardinality(_ids) > 1 then
    perform jobs._raise_invalid(format('jobs of %s queues have this key', cardinality(_ids)),
      'Say which queue: a key is for one job of each.');
  end if;
  return _ids[1];
end $$;
