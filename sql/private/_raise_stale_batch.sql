-- Raises JB001: the batch of events is not the caller's.
create or replace function jobs._raise_stale_batch(consumer text, token bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if token is null then
    raise exception using
      errcode = 'JB001',
      message = format('no batch of consumer %s was polled in this transaction', consumer),
      hint = 'Poll and acknowledge in one transaction, or pass the token that poll returned.';
  end if;
  raise exception using
    errcode = 'JB001',
    message = format('stale batch: token %s is not the one of consumer %s', token, consumer),
    detail = 'Its lease ended and another process has polled, or the consumer was reset.',
    hint = 'Roll back: the events are another''s by now. Poll with a longer lease.';
end $$;
