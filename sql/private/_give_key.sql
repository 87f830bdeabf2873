-- The key, which this transaction has taken, is the job's; if that is null it is free again.
create or replace function jobs._give_key(
  type jobs.key_type, key text, queue_id int, job_id bigint, until timestamptz default null,
  states text[] default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
begin
  if job_id is null then
    delete from jobs.unique_key u
    where (u.type, u.queue_id) = (type, queue_id) and u.key = _give_key.key and u.job_id is null;
  else
    update jobs.unique_key u set job_id = job_id, until = until, states = states
    where (u.type, u.queue_id) = (type, queue_id) and u.key = _give_key.key;
  end if;
end $$;
