-- The job, if it was ready, scheduled or blocked, waits no more, and of `others` those that are in
-- its block, which ascend as there. Returns them as a block; a
-- null row if it was not there, as when it has been claimed or promoted in between: look at its
-- state again.
--
-- No index has it by id. But a job that became ready at position p lies in `ready` just above p, so
-- the scan begins there and meets it after a few rows; a scheduled one is found by its time, and
-- among those of the same time in the same way.
-- Locks and writes: ready or scheduled.
create or replace function jobs._withdraw(
  state jobs.job_state, others bigint[] default '{}')
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
set enable_sort = off
as $$
declare
  _queue_id int;
  _priority smallint;
  _found record;
  _block jobs.ready;
  _rest bigint[];
  _gone bigint[];
  _fair_key text;
  _run_at timestamptz := case state.state when 'blocked' then 'infinity' else state.run_at end;
begin
  select j.queue_id, j.priority, j.options ->> 'fair_key' into _queue_id, _priority, _fair_key
  from jobs.job j where j.id = state.id;
  if state.state = 'ready' and _fair_key is not null then
    delete from jobs.fair_line f
    where f.queue_id = _queue_id and f.priority = _priority and f.key = _fair_key
      and f.ord > state.since_pos and f.ids = array[state.id]
    returning * into _found;
  elsif state.state = 'ready' then
    select r.* into _found from jobs.ready r
    where r.queue_id = _queue_id and r.priority = _priority and r.ord > state.since_pos
      and state.id = any(r.ids)
    order by r.ord limit 1 for update;
    delete from jobs.ready r
    where r.queue_id = _queue_id and r.priority = _priority and r.ord = _found.ord
      and state.id = any(r.ids);
  else
    select s.* into _found from jobs.scheduled s
    where (s.run_at, s.ord) > (_run_at, state.since_pos) and state.id = any(s.ids)
    order by s.run_at, s.ord limit 1 for update;
    delete from jobs.scheduled s
    where s.run_at = _found.run_at and s.ord = _found.ord and state.id = any(s.ids);
  end if;
  if not found then
    return null;
  end if;
  _block := row(_found.ord, _found.queue_id, _found.kind_id, _found.priority, _found.attempt,
    _found.claims,
    _found.flags, _found.lease_ms, _found.timeout_ms, _found.routing_key, _found.ids);
  _gone := case when others = '{}' then array[state.id] else array(
    select i from unnest(_block.ids) with ordinality as u(i, nth)
    where i = state.id or i = any(others) order by nth) end;
  _rest := array(
    select i from unnest(_block.ids) with ordinality as u(i, nth)
    where i <> all(_gone) order by nth);
  if _rest <> '{}' then
    _block.ids := _rest;
    if state.state = 'ready' then
      insert into jobs.ready select (_block).*;
    else
      insert into jobs.scheduled select (_block).*, _found.run_at;
    end if;
  end if;
  _block.ids := _gone;
  return _block;
end $$;
