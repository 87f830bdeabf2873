-- The waiting job has the args, run_at or priority (those that `what` names) of an enqueue which it
-- stands for, and the place in the queue of that; one that is running is left. False if it has
-- ended meanwhile and its key is free: take it again.
-- Locks: the job's block, its row. Writes: ready or scheduled; job, event.
create or replace function jobs._replace(
  id bigint, unique_key text, what jsonb, place jobs.ready, at timestamptz, args jsonb)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _state jobs.job_state;
  _job record;
  _run_at timestamptz;
  _block jobs.ready;
  _waits jsonb;
begin
  for _try in 1..100 loop
    select * into _state from jobs.job_state s where s.id = _replace.id;
    if not found or _state.state not in ('ready', 'scheduled', 'blocked') then
      return jobs._key_holder('unique', unique_key, place.queue_id) is not distinct from id;
    end if;
    select j.args, j.priority, j.options into _job from jobs.job j where j.id = _replace.id;
    _run_at := case when what ? 'run_at' then at else _state.run_at end;
    if (not what ? 'args' or _job.args = args) and _run_at is not distinct from _state.run_at
      and (not what ? 'priority' or _job.priority = place.priority) then
      return true;
    end if;
    _block := jobs._withdraw(_state);
    exit when _block.ids is not null;
    perform jobs._check_may_retry(id, _try);
  end loop;
  if what ? 'priority' then
    _block.priority := place.priority;
  end if;
  update jobs.job j
  set args = case when what ? 'args' then _replace.args else j.args end, priority = _block.priority
  where j.id = _replace.id;
  _waits := case when _run_at is not null then jsonb_build_object('run_at', _run_at) else '{}' end
    || case when _state.state = 'blocked' then jsonb_build_object('blocked',
      coalesce(_state.data, _job.options) -> 'blocked') else '{}' end;
  perform jobs._log('replaced', _block.queue_id, _block.attempt, _block.ids, null,
    array[_waits || jsonb_build_object('replaced',
      case when what ? 'args' then jsonb_build_object('args', _job.args) else '{}' end
      || case when what ? 'run_at' then jsonb_build_object('run_at', _state.run_at) else '{}' end
      || case when what ? 'priority' then jsonb_build_object('priority', _job.priority)
        else '{}' end)]);
  perform jobs._put(_block, case when _state.state = 'blocked' then 'infinity' else _run_at end);
  return true;
end $$;
