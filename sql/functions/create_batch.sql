-- A batch exists, to which jobs are added with enqueue(…, batch => id), by any transaction, also by
-- a job of the batch while it runs. When all of its jobs have ended it is finished, and its
-- callbacks are enqueued, once, in the transaction in which the last one ends.
--   on_complete  is enqueued then, whatever became of the jobs
--   on_success   is enqueued then if each is completed or skipped
--   on_failure   is enqueued then if one is dead, cancelled or discarded
--   name         for people to read, default none
--   keep_open    true: it is not finished before close_batch; so it must be for a batch that may
--                turn out to be empty, or that several transactions fill; default false
-- A callback is a kind ('"report"') or an object of arguments of enqueue ('{"kind": "report",
-- "args": {"to": "ada"}}'); to its args "batch" is added: {"id", "name", "jobs", "completed",
-- "skipped", "dead", "cancelled", "discarded"}, which but for the first two are counts.
-- Returns the id. SQLSTATEs: JB002 a callback cannot be enqueued, JB003 its args are too large.
-- Locks: none that anyone would wait for. Writes: batch, waiter, dependency; queue and kind.
create or replace function jobs.create_batch(
  on_complete jsonb default null, on_success jsonb default null, on_failure jsonb default null,
  name text default null, keep_open boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _callback record;
  _id bigint;
begin
  if name is not null then
    perform jobs._check_name(name);
  end if;
  for _callback in
    select c.name, c.callback
    from (values
      ('on_complete', on_complete), ('on_success', on_success),
      ('on_failure', on_failure)) as c(name, callback)
    where jsonb_typeof(c.callback) <> 'null'
  loop
    perform jobs._place(jobs._callback_spec(_callback.name, _callback.callback));
    perform jobs._check_size('args', pg_column_size(_callback.callback -> 'args') + 400);
  end loop;
  insert into jobs.batch (id, name, created_at, on_complete, on_success, on_failure)
  values (nextval('jobs.pos_seq'), create_batch.name, jobs.now(), nullif(on_complete, 'null'),
    nullif(on_success, 'null'), nullif(on_failure, 'null'))
  returning batch.id into _id;
  insert into jobs.waiter (id) values (_id);
  if keep_open then
    insert into jobs.dependency (job, waiter) values (_id, _id);
  end if;
  return _id;
end $$;
