-- The job has moved on since its state was read: look again, for the nth time. Raises 40001 where
-- that cannot help: outside READ COMMITTED the transaction sees the old state for ever; and a
-- hundred times in vain is no race any more.
create or replace function jobs._check_may_retry(id bigint, nth int)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if nth >= 100 or current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = '40001',
      message = format('job %s has moved on since this transaction began', id),
      hint = 'Run it again, in READ COMMITTED; if it is so every time, look at jobs.verify().';
  end if;
end $$;
