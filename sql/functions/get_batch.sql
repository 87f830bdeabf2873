-- One batch, as a JSON object whose keys are the columns of list_batches; null if there is no such
-- batch. Nothing changes.
create or replace function jobs.get_batch(id bigint)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if not exists (select from jobs.batch b where b.id = get_batch.id) then
    return null;
  end if;
  return (select to_jsonb(l) from jobs.list_batches(get_batch.id) as l);
end $$;
