-- The batch, whose jobs have ended and whose waiter the caller has locked, is finished: its
-- callbacks are enqueued. Not if a transaction that is waited for here has added a job.
-- Locks and writes: batch; as enqueue.
create or replace function jobs._finish_batch(id bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _batch jobs.batch;
  _counts jsonb;
  _outcome jsonb;
  _is_success boolean;
begin
  select * into _batch from jobs.batch b where b.id = _finish_batch.id for update;
  perform from jobs.dependency d where d.waiter = _finish_batch.id and d.outcome is null limit 1;
  if found or _batch.finished_at is not null then
    return;
  end if;
  _counts := jobs._batch_counts(id);
  _outcome := jsonb_build_object('id', id, 'name', _batch.name) || _counts;
  _is_success := (_counts ->> 'completed')::bigint + (_counts ->> 'skipped')::bigint
    = (_counts ->> 'jobs')::bigint;
  update jobs.batch b
  set finished_at = jobs.now(), counts = _counts,
    callbacks = jsonb_strip_nulls(jsonb_build_object(
      'on_complete', jobs._callback('on_complete', _batch.on_complete, _outcome),
      'on_success', case when _is_success then
        jobs._callback('on_success', _batch.on_success, _outcome) end,
      'on_failure', case when not _is_success then
        jobs._callback('on_failure', _batch.on_failure, _outcome) end))
  where b.id = _finish_batch.id;
end $$;
