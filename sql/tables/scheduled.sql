-- Blocks that wait for their time: delays, retries, snoozes. The same as ready, with run_at; that
-- is infinity for the blocked, which wait for something else.
create table jobs.scheduled (
  ord bigint not null,
  queue_id int not null,
  kind_id int not null,
  priority smallint not null,
  attempt smallint not null,
  claims smallint not null,
  flags smallint not null default 0,
  lease_ms int not null default 0,
  timeout_ms int not null default 0,
  routing_key text not null default '',
  ids bigint[] not null,
  run_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 10000);
alter table jobs.scheduled alter column ids set storage main;
create index scheduled_by_time on jobs.scheduled (run_at, ord);
