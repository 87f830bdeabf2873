-- A consumer: a named cursor over the log, with what it reads. Its row is locked while a batch is
-- polled or acknowledged, and never updated: what changes is in consumer_cursor.
create table jobs.consumer (
  id int generated always as identity,
  name text not null,
  types text[],              -- patterns: order.* or job.dead; null: any
  category text collate "C", -- null: any
  job_events boolean,        -- null: if types match; true: only they; false: none
  unknown_types text not null default 'stop',  -- what a client does with a type it does not know
  created_at timestamptz not null,
  constraint consumer_pk primary key (id),
  constraint consumer_name_is_unique unique (name),
  constraint consumer_name_fits check (octet_length(name) between 1 and 255),
  constraint unknown_types_stop_or_are_skipped check (unknown_types in ('stop', 'skip'))
);

-- Where a consumer stands, one version per change: the newest is read from the right end of the
-- index, the old one is deleted (see register for why).
create table jobs.consumer_cursor (
  consumer_id int not null,
  ver bigint not null,
  at timestamptz not null,      -- when it was last moved
  pos bigint not null,          -- events up to here are done with
  accepted_pos bigint not null, -- it is known that events up to here may be missing
  acked_pos bigint,             -- the last position that was acknowledged
  polled_pos bigint,            -- of the last event of the batch that is out
  scanned_pos bigint,           -- nothing for this consumer lies between polled_pos and here
  token bigint,                 -- the fence of that batch
  polled_xid xid8,              -- the transaction that polled it
  until timestamptz,            -- its lease; null: no batch is out
  failures int not null,        -- since it last moved
  failed_pos bigint,            -- which event, if that is known
  failed_at timestamptz,
  retry_at timestamptz,
  error jsonb,
  constraint consumer_cursor_pk primary key (consumer_id, ver)
);
