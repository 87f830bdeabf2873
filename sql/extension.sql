-- The end of the extension's script only: what a dump of the database must carry.
--
-- pg_dump leaves out what belongs to an extension, unless it is registered here. The watermarks are
-- not: those of a fresh installation are always true, and the next tick moves them.
do $register$
declare
  _relation record;
begin
  for _relation in
    select c.oid, c.relname
    from pg_class as c
    where c.relnamespace = 'jobs'::regnamespace
      and c.relkind in ('r', 'S')
      and c.relname not in ('migration', 'register', 'lane')
  loop
    perform pg_extension_config_dump(
      _relation.oid,
      case _relation.relname
        when 'queue_priority' then 'where (queue_id, priority) <> (1, 0)' else '' end);
  end loop;
end $register$;

-- A restore copies rows that this script has inserted already (the settings, the default queue, the
-- generation): the copied row wins. Nothing else ever inserts a row with an explicit key into these
-- tables.
create function jobs._restored_row_wins() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_relid = 'jobs.setting'::regclass then
    delete from jobs.setting;
  elsif tg_relid = 'jobs.fan_out'::regclass then
    delete from jobs.fan_out;
  else
    delete from jobs.queue where queue.id = new.id;
  end if;
  return new;
end $$;
comment on function jobs._restored_row_wins() is
  'A row that a restore copies replaces the one that the extension''s script inserted.';
revoke all on function jobs._restored_row_wins() from public;
create trigger restored_row_wins before insert on jobs.setting
for each row execute function jobs._restored_row_wins();
create trigger restored_row_wins before insert on jobs.queue
for each row execute function jobs._restored_row_wins();
create trigger restored_row_wins before insert on jobs.fan_out
for each row execute function jobs._restored_row_wins();
