-- The key is this transaction's, which gives it to a job (_give_keys): null; or the id of the job
-- that has it.
--
-- Who is refused holds no lock, so that those who find a key taken do not wait for one another. Who
-- finds it free inserts its row: a second one waits there until the first has committed, and then
-- finds its job, or has rolled back, and then takes the key. A row that no longer counts is locked
-- and taken over. In REPEATABLE READ what another transaction has done meanwhile raises 40001.
-- Locks and writes: unique_key; callers take several keys by type, key and queue.
create or replace function jobs._take_key(type jobs.key_type, key text, queue_id int)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  _holder bigint;
  _held jobs.unique_key;
begin
  loop
    _holder := jobs._key_holder(type, key, queue_id);
    if _holder is not null then
      return _holder;
    end if;
    insert into jobs.unique_key (type, key, queue_id) values (type, key, queue_id)
    on conflict do nothing;
    if found then
      return null;
    end if;
    continue when jobs._key_holder(type, key, queue_id) is not null;
    select * into _held from jobs.unique_key u
    where (u.type, u.queue_id) = (type, queue_id) and u.key = _take_key.key for update;
    if found and not jobs._counts(_held) then
      update jobs.unique_key u set job_id = null, until = null, states = null
      where (u.type, u.queue_id) = (type, queue_id) and u.key = _take_key.key
        and num_nonnulls(u.job_id, u.until, u.states) > 0;
      return null;
    end if;
  end loop;
end $$;
