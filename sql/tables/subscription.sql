-- Which set of subscriptions is in force. Every change of it draws the next generation, one change
-- after the other, and every event carries the one that its append has seen.
create table jobs.fan_out (
  only_row boolean not null default true,
  generation int not null default 0,
  live boolean not null default false,   -- is any subscription served by appends?
  constraint fan_out_has_one_row primary key (only_row),
  constraint fan_out_only_row_is_true check (only_row)
);
insert into jobs.fan_out default values;

-- A subscription: each matching event becomes a job of this kind.
--
-- Exactly one job an event follows from `live`, the generations in which appends serve the
-- subscription: an event of such a generation got its job in the transaction that appended it, any
-- other one above backfill_pos gets it from backfill, which moves backfill_pos past it in the same
-- transaction. `_backfill` says when backfill_pos is done with.
create table jobs.subscription (
  id int generated always as identity,
  name text not null,
  types text[],              -- patterns: order.* or order.placed; null: any
  patterns text[],           -- types, for LIKE
  category text collate "C", -- null: any
  kind text not null,
  queue text,
  routing_key text,
  delay interval,
  paused boolean not null default false,
  live int4multirange not null default '{}',
  backfill_pos bigint,       -- events up to here are done with; null: nothing is left to fill
  settle_pos bigint,         -- drawn after live was extended; once decided, no append is older
  changed_xid xid8 not null, -- the transaction that changed live last
  created_at timestamptz not null,
  constraint subscription_pk primary key (id),
  constraint subscription_name_is_unique unique (name),
  constraint subscription_name_fits check (octet_length(name) between 1 and 255)
);
