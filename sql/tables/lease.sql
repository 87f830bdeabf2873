-- One row per claim. A slot is an index into ids, from 0; its bit in unfinished is set until an
-- outcome is accepted. `until` is in no index, so that a heartbeat is a HOT update (80 against 227
-- bytes of WAL).
create table jobs.lease (
  claim bigint not null,            -- position of the claimed event << 12 | 12 random bits
  until timestamptz not null,
  deadline timestamptz not null,    -- heartbeats cannot renew past it; infinity without a timeout
  unfinished bigint not null,
  cancel bigint not null default 0, -- slots whose cancellation was requested
  queue_id int not null,
  kind_id int not null,             -- 0: several kinds
  lease_ms int not null,
  timeout_ms int not null,
  priority smallint not null,
  attempt smallint not null,        -- the attempt that this claim starts, from 1
  claims smallint not null,
  flags smallint not null,          -- of the block; 1: lease_ms is the job's own, not the claimer's
  ids bigint[] not null,
  constraint lease_pk primary key (claim)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 10000);
alter table jobs.lease alter column ids set storage main;
