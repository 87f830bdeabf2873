-- The job will not run again: one that waits is `cancelled`; one that is running is told at its
-- worker's next heartbeat (`cancel_requested`), and whatever its worker then reports but success
-- ends it as cancelled; a terminal one is left as it is, and its state is returned.
--   reason  for people to read, kept with the event, default none
--   id, idempotency_key, unique_key  which job: one of them; keys count in `queue`, default any
-- SQLSTATEs: JB002, also for a key that jobs of several queues have; JB004. Locks: the job's block,
-- or its claim's lease. Writes: ready or scheduled, or lease; event; unique_key.
create or replace function jobs.cancel(
  id bigint default null, reason text default null, idempotency_key text default null,
  unique_key text default null, queue text default null)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _id bigint := jobs._id_by_key(id, idempotency_key, unique_key, queue);
  _state jobs.job_state;
  _block jobs.ready;
  _data jsonb[] := case when reason is not null then
    array[jsonb_build_object('reason', jobs._trim_bytes(reason, 1024, false))] end;
  _queue_id int;
begin
  for _try in 1..100 loop
    select * into _state from jobs.job_state s where s.id = _id;
    if not found then
      perform jobs._raise_not_found('job', coalesce(_id::text, idempotency_key, unique_key));
    elsif _state.state in ('ready', 'scheduled', 'blocked') then
      _block := jobs._withdraw(_state);
      if _block.ids is not null then
        perform jobs._log('cancelled', _block.queue_id, _block.attempt, _block.ids, null, _data);
        if _block.flags & 2 <> 0 then
          perform jobs._ended(_block.ids, 'cancelled');
        end if;
        return 'cancelled';
      end if;
    elsif _state.state = 'running' then
      update jobs.lease l
      set cancel = l.cancel | (1::bigint << array_position(l.ids, _id) - 1)
      where l.claim = _state.claim
        and l.unfinished & (1::bigint << array_position(l.ids, _id) - 1) <> 0
      returning l.queue_id into _queue_id;
      if found then
        perform jobs._log('cancel_requested', _queue_id, _state.attempt, array[_id],
          _state.claim, _data);
        return 'cancel_requested';
      end if;
    else
      return _state.state;
    end if;
    perform jobs._check_may_retry(_id, _try);
  end loop;
end $$;
