-- These jobs are dead: an event, and what their kinds ask for: for each a job of on_dead, with args
-- {"job": {"id", "kind", "queue"}, "reason", "error"} and the dead job as its cause; and by
-- on_dead_policy a pause, or a note for the tick that their batch is to be cancelled. No cap
-- applies to the on_dead job: it must not keep its cause from being buried.
-- Writes: event; job and ready for on_dead; pause, doomed_batch.
create or replace function jobs._bury(
  queue_id int, attempt int, claim bigint, flags smallint, ids bigint[], reason text,
  error jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _kind record;
  _spec jobs.job_spec;
  _place record;
begin
  perform jobs._log('dead', queue_id, attempt, ids, claim, array_fill(
    jsonb_build_object('reason', reason)
      || case when error is null then '{}' else jsonb_build_object('error', error) end,
    array[cardinality(ids)]));
  for _kind in
    select p.kind_id, p.kind, p.on_dead, p.on_dead_policy, array_agg(p.id order by p.id) as ids
    from jobs._policy p
    where p.id = any(ids) and (p.on_dead is not null or p.on_dead_policy <> 'none')
    group by 1, 2, 3, 4 order by 1
  loop
    if _kind.on_dead is not null then
      _spec.kind := _kind.on_dead;
      _place := jobs._place(_spec);
      perform jobs._insert_jobs(_place.block, _place.at, _place.options,
        array_agg(
          jsonb_build_object(
            'job', jsonb_build_object('id', j.id, 'kind', _kind.kind, 'queue', q.name),
            'reason', reason, 'error', error)
          order by j.id),
        array_agg(jobs._inherited(j.options -> 'headers', j.id::text) order by j.id))
      from jobs.job j join jobs.queue q on q.id = j.queue_id
      where j.id = any(_kind.ids);
    end if;
    if _kind.on_dead_policy = 'cancel_batch' then
      insert into jobs.doomed_batch (id, reason)
      select b.id, format('job %s (%s) died: %s', min(j.id), _kind.kind, reason)
      from jobs.job j cross join lateral (select (j.options ->> 'batch')::bigint as id) as b
      where j.id = any(_kind.ids) and b.id is not null
        and not exists (select from jobs.doomed_batch d where d.id = b.id)
      group by b.id;
    elsif _kind.on_dead_policy <> 'none' then
      perform jobs._pause(
        case when _kind.on_dead_policy = 'pause_queue' then queue_id end,
        case when _kind.on_dead_policy = 'pause_kind' then _kind.kind_id end,
        format('job %s (%s) died: %s', _kind.ids[1], _kind.kind, reason), _kind.ids[1]);
    end if;
  end loop;
  if flags & 2 <> 0 then
    perform jobs._ended(ids, 'dead');
  end if;
end $$;
