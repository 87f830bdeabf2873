-- The newest snapshot of a stream, or no row: version (the first event to read after it is the next
-- one), data, at.
--   schema_version  only one of this schema, default 1: any other is as good as none
-- Writes nothing.
create or replace function jobs.load_snapshot(stream text, schema_version int default 1)
returns table (version bigint, data jsonb, at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    select s.version, s.data, s.at from jobs.snapshot s
    where s.stream = load_snapshot.stream collate "C"
      and s.schema_version = load_snapshot.schema_version;
end $$;
