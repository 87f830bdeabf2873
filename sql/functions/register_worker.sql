-- A worker process is in the registry, and the queues and kinds that it names exist. Returns its
-- id, to pass to claim and heartbeat. Nothing that recovers a job depends on the registry.
--   name    a label of 1 to 255 bytes; need not be unique
--   queues, kinds, routing  what it asks claim for: explain and health tell by them which jobs
--           nobody takes
--   info    any JSON, for people to look at; `heartbeat`, if it is there, is the number of seconds
--           between two of its heartbeats
-- SQLSTATE JB002. Writes: worker; queue and kind when new.
create or replace function jobs.register_worker(
  name text, queues text[] default null, kinds text[] default null, info jsonb default null,
  routing text[] default null)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  _id uuid;
begin
  if name is null or octet_length(name) not between 1 and 255 then
    perform jobs._raise_invalid(
      'a worker needs a name', 'A name is 1 to 255 bytes long; it need not be unique.');
  end if;
  perform jobs._ensure_names(queues, kinds);
  insert into jobs.worker (name, queues, kinds, routing, info, started_at, seen_at)
  values (register_worker.name, register_worker.queues, register_worker.kinds,
    register_worker.routing, register_worker.info, jobs.now(), jobs.now())
  returning id into _id;
  return _id;
end $$;
