-- The id of the job that has this idempotency_key, in this queue or (null) in any; null if there is
-- none. Raises JB002 if several queues have one, or an id is given too.
create or replace function jobs._id_of_key(id bigint, idempotency_key text, queue text)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  _ids bigint[];
begin
  if id is not null or idempotency_key is null then
    perform jobs._raise_invalid('which job is not said clearly',
      'Give an id; or an idempotency_key, and its queue if you like.');
  end if;
  _ids := array(
    select u.job_id
    from jobs.unique_key u join jobs.queue q on q.id = u.queue_id
    where u.type = 'idempotency' and u.key = _id_of_key.idempotency_key
      and (_id_of_key.queue is null or q.name = _id_of_key.queue) and jobs._counts(u));
  if cardinality(_ids) > 1 then
    perform jobs._raise_invalid(
      format('%s queues have a job of this idempotency_key', cardinality(_ids)),
      'Say which queue: a key is for one job of each.');
  end if;
  return _ids[1];
end $$;
