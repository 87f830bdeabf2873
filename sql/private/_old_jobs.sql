-- The jobs that prune would come to on its walk (_prune_jobs), and that may go, or their results.
-- Nothing changes.
create or replace function jobs._old_jobs(
  state text, queue_ids int[], cutoff timestamptz, after_pos bigint, upto_pos bigint)
returns table (id bigint, queue_id int, at timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _events refcursor := jobs._old_events(state, queue_ids, cutoff, after_pos, upto_pos);
  _event_pos bigint;
  _event_at timestamptz;
  _event_queue_id int;
  _event_ids bigint[];
  _event_old boolean;
begin
  loop
    fetch _events into _event_pos, _event_at, _event_queue_id, _event_ids, _event_old;
    exit when not found;
    continue when _event_at > jobs.now();
    exit when not _event_old;
    return query
      select j.id, _event_queue_id, _event_at
      from jobs.job j
      join jobs.event e on e.pos = _event_pos
      where j.id = any(_event_ids)
        and (_old_jobs.state <> 'result'
          or jsonb_typeof(e.data[array_position(e.ids, j.id)]) <> 'null')
        and (not coalesce(j.options ? 'retried', false) or _event_pos = (
          select l.pos from jobs._last_event l where l.job_id = j.id));
  end loop;
  close _events;
end $$;
