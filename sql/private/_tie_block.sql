-- The block of a job that waits is tied, with its other jobs: it is written anew at its place.
-- False if it was not there: see _withdraw, which finds it in the same way. One that is tied
-- already is only locked. Locks and writes: ready or scheduled.
create or replace function jobs._tie_block(state jobs.job_state)
returns boolean
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
  _row_id tid;
  _is_tied boolean;
  _run_at timestamptz := case state.state when 'blocked' then 'infinity' else state.run_at end;
begin
  select j.queue_id, j.priority into _queue_id, _priority from jobs.job j where j.id = state.id;
  if state.state = 'ready' then
    select r.ctid, r.flags & 2 <> 0 into _row_id, _is_tied
    from jobs.ready r
    where r.queue_id = _queue_id and r.priority = _priority and r.ord > state.since_pos
      and state.id = any(r.ids)
    order by r.ord limit 1 for update;
    if _is_tied then
      return true;
    end if;
    with taken as (
      delete from jobs.ready r where r.ctid = _row_id returning r.*)
    insert into jobs.ready
    select t.ord, t.queue_id, t.kind_id, t.priority, t.attempt, t.claims, t.flags | 2, t.lease_ms,
      t.timeout_ms, t.routing_key, t.ids
    from taken t;
  else
    select s.ctid, s.flags & 2 <> 0 into _row_id, _is_tied
    from jobs.scheduled s
    where (s.run_at, s.ord) > (_run_at, state.since_pos) and state.id = any(s.ids)
    order by s.run_at, s.ord limit 1 for update;
    if _is_tied then
      return true;
    end if;
    with taken as (
      delete from jobs.scheduled s where s.ctid = _row_id returning s.*)
    insert into jobs.scheduled
    select t.ord, t.queue_id, t.kind_id, t.priority, t.attempt, t.claims, t.flags | 2, t.lease_ms,
      t.timeout_ms, t.routing_key, t.ids, t.run_at
    from taken t;
  end if;
  return found;
end $$;
