-- The id of the job that has the key, as this transaction sees it; null: it is free. Waits for
-- nobody.
create or replace function jobs._key_holder(type jobs.key_type, key text, queue_id int)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
begin
  return (
    select u.job_id from jobs.unique_key u
    where (u.type, u.queue_id) = (type, queue_id) and u.key = _key_holder.key
      and jobs._counts(u));
end $$;
