-- The jobs of a block, taken out of ready, that their keys let start now. Those which must wait for
-- others of their key are blocked; if another claim is looking at the key, all are back in ready,
-- and ids is null. A block of limited jobs is of one concurrency_key and one ordering_key.
create or replace function jobs._startable(block jobs.ready)
returns jobs.ready
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _options jsonb := (select j.options from jobs.job j where j.id = block.ids[1]);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform jobs._raise_invalid('a claim of a job with a key, outside of READ COMMITTED',
      'Claim in autocommit, or in a READ COMMITTED transaction.');
  end if;
  if _options ? 'ordering_key' then
    block := jobs._startable_in_order(block, _options ->> 'ordering_key');
  end if;
  if _options ? 'concurrency_key' and block.ids <> '{}' then
    block := jobs._startable_by_key(block, _options ->> 'concurrency_key');
  end if;
  return block;
end $$;
