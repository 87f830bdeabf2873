-- These jobs are dead: an event, and for each a job of its kind's on_dead, if that is set, with
-- args {"job": {"id", "kind", "queue"}, "reason", "error"}. Writes: event; job and ready for
-- on_dead.
create or replace function jobs._bury(
  queue_id int, attempt int, claim bigint, flags smallint, ids bigint[], reason text,
  error jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._log('dead', queue_id, attempt, ids, claim, array_fill(
    jsonb_build_object('reason', reason)
      || case when error is null then '{}' else jsonb_build_object('error', error) end,
    array[cardinality(ids)]));
  perform jobs.enqueue(p.on_dead, jsonb_build_object(
    'job', jsonb_build_object('id', p.id, 'kind', p.kind, 'queue', q.name),
    'reason', reason, 'error', error))
  from jobs._policy p join jobs.queue q on q.id = p.queue_id
  where p.id = any(ids) and p.on_dead is not null;
  if flags & 2 <> 0 then
    perform jobs._ended(ids, 'dead');
  end if;
end $$;
