-- A note of the last position, and the transactions that could still commit a position up to it.
create type jobs.epoch as (pos bigint, at timestamptz, holders text[]);

create sequence jobs.register_seq as bigint cache 1;

-- The watermarks of the installation, one version per tick: the newest is read from the right end
-- of the index, the old one is deleted. Updated in place it would grow a version chain that every
-- claim walks while any snapshot is held.
create table jobs.register (
  ver bigint not null,
  at timestamptz not null,                -- when the tick ran
  pos bigint not null,                    -- the last position drawn before it
  ready_epoch jobs.epoch not null,
  scheduled_epoch jobs.epoch not null,
  log_epoch jobs.epoch not null,
  safe_pos bigint not null,               -- every position up to it is decided
  grace_pos bigint not null,              -- every position up to it was drawn over a second ago
  grace_next_pos bigint not null,
  grace_next_at timestamptz not null,
  scheduled_floor timestamptz not null,   -- nothing scheduled lies below it
  oldest_claim bigint not null,           -- no lease lies below it
  probed_at timestamptz not null,         -- when stragglers were last looked for, however dear
  swept_at timestamptz not null,          -- when stale claims were last reset
  mended_at timestamptz not null,         -- when the marks were last checked from zero
  constraint register_pk primary key (ver)
);
insert into jobs.register
select
  0, '-infinity', 0, e.epoch, e.epoch, e.epoch, 0, 0, 0, '-infinity', '-infinity', 0,
  '-infinity', '-infinity', '-infinity'
from (select row(0, '-infinity', '{}')::jobs.epoch as epoch) as e;

-- The watermarks of one queue, by priority: a claim scans ready from soft; every ord below hard is
-- decided and gone. Written as register is, when a mark has moved.
create table jobs.lane (
  queue_id int not null,
  ver bigint not null,
  priorities smallint[] not null,
  soft bigint[] not null,
  hard bigint[] not null,
  constraint lane_pk primary key (queue_id, ver)
);
