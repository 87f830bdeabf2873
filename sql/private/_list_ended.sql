-- The page of list() for a state in which jobs have ended: [[id, key], …], last ended first; null
-- if it is empty. It walks from the end of the log in a loop, which the planner cannot turn into
-- reading all of it.
create or replace function jobs._list_ended(
  state text, queue_id int, kind_ids int[], after bigint[], max_jobs int)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_sort = off
set enable_seqscan = off
as $$
declare
  _upto bigint := coalesce(-after[1], 9223372036854775807);
  _positions refcursor;
  _event record;
  _id bigint;
  _page jsonb := '[]'::jsonb;
begin
  if state = 'completed' then
    open _positions for
      select e.pos, e.ids from jobs.event e
      where e.type = 'completed' and e.pos <= _upto order by e.pos desc;
  else
    open _positions for
      select r.pos, (select e.ids from jobs.event e where e.pos = r.pos) as ids
      from jobs.rare_event r
      where r.type = _list_ended.state::jobs.transition and r.pos <= _upto order by r.pos desc;
  end if;
  <<events>>
  loop
    fetch _positions into _event;
    exit when not found;
    for _slot in 1..coalesce(cardinality(_event.ids), 0) loop
      continue when array[-_event.pos, _slot] <= after;
      _id := _event.ids[_slot];
      continue when not exists (
        select from jobs.job j
        where j.id = _id and (_list_ended.queue_id is null or j.queue_id = _list_ended.queue_id)
          and (kind_ids is null or j.kind_id = any(kind_ids)));
      -- a job that was retried since has not ended with this
      continue when _event.pos is distinct from
        (select t.pos from jobs._last_event t where t.job_id = _id);
      _page := _page || jsonb_build_array(jsonb_build_array(_id, array[-_event.pos, _slot]));
      exit events when jsonb_array_length(_page) >= max_jobs;
    end loop;
  end loop;
  close _positions;
  return nullif(_page, '[]');
end $$;
