-- Raises JB005 if a batch is among these waiters and this transaction is not READ COMMITTED: it
-- does not see which jobs others have added since it began.
create or replace function jobs._check_may_finish(waiters bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _batch bigint;
begin
  if current_setting('transaction_isolation') = 'read committed' then
    return;
  end if;
  select b.id into _batch from jobs.batch b where b.id = any(waiters) limit 1;
  if found then
    raise exception using
      errcode = 'JB005',
      message = format(
        'a job of batch %s ends in a transaction that is not READ COMMITTED', _batch),
      detail = format('it is %s', upper(current_setting('transaction_isolation'))),
      hint = 'End jobs of batches in READ COMMITTED: others may add jobs meanwhile.';
  end if;
end $$;
