-- The job of a batch's callback exists, with what became of the batch in its args. Nobody is there
-- to be refused: a full queue takes it. Null for null. Returns its id.
create or replace function jobs._callback(name text, callback jsonb, outcome jsonb)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _place record;
begin
  if callback is null then
    return null;
  end if;
  _place := jobs._place(jobs._callback_spec(name, callback));
  return (jobs._insert_jobs(_place.block, _place.at, _place.options,
    array[coalesce(callback -> 'args', '{}') || jsonb_build_object('batch', outcome)]))[1];
end $$;
