-- Blocks that may be claimed now: up to 60 ids of one queue, priority, kind, routing key and
-- attempt. Inserted and deleted, never updated. ord is drawn inside the insert (tick rests on it).
-- No nulls: without a null bitmap the row is 8 bytes shorter.
create table jobs.ready (
  ord bigint not null,
  queue_id int not null,
  kind_id int not null,
  priority smallint not null,
  attempt smallint not null,        -- attempts charged so far
  claims smallint not null,         -- claims so far in this round of attempts
  flags smallint not null default 0,    -- bits: 2 tied, 4 limited (see _flags_of)
  lease_ms int not null default 0,  -- 0: the claimer's
  timeout_ms int not null default 0,
  routing_key text not null default '',
  ids bigint[] not null
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 10000);
alter table jobs.ready alter column ids set storage main;
create index ready_in_claim_order on jobs.ready (queue_id, priority, ord);
