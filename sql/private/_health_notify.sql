-- Is there room in the server's queue of notifications?
create or replace function jobs._health_notify(used numeric)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _usage numeric := pg_notification_queue_usage();
begin
  return jobs._health('notify', jobs._severity_of_share(_usage, used),
    format('%s%% of the queue of notifications is used', trunc(100 * _usage)),
    'When it is full, every transaction that notifies fails, an enqueue that wakes a worker too.',
    'Some session listens and is in a transaction that it does not end: end it. '
    'select * from pg_stat_activity where state like ''idle in transaction%''.',
    jsonb_build_object('threshold', used, 'used', round(_usage, 6)));
end $$;
