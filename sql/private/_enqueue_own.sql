-- A job that the engine makes by itself exists, as a schedule's or a death's: as enqueue, but
-- nobody is there to be refused, so a full queue takes it, and its args are not looked at; it waits
-- for no other producer. Returns its id.
create or replace function jobs._enqueue_own(
  kind text, args jsonb, queue text default null, priority int default null,
  delay interval default null, headers jsonb default null)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _spec jobs.job_spec;
  _place record;
begin
  if pg_column_size(args) > 2000 then
    perform jobs._check_size('args', pg_column_size(args));
  end if;
  _spec.kind := kind;
  _spec.queue := queue;
  _spec.priority := priority;
  _spec.delay := delay;
  _spec.headers := headers;
  _place := jobs._place(_spec);
  return (jobs._insert_jobs(_place.block, _place.at, _place.options, array[args]))[1];
end $$;
