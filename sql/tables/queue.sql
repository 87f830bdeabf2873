-- A queue and its settings; null means the global default. It comes into being when first named.
create table jobs.queue (
  id int generated always as identity,
  name text not null,
  max_attempts smallint,
  backoff jsonb,
  lease_ms int,
  timeout_ms int,
  max_pending int,                          -- live jobs at most; null: any number
  overflow text not null default 'error',   -- what becomes of jobs beyond it
  strict_kinds boolean,                     -- refuse unknown kinds? null: setting.strict_kinds
  is_fair boolean not null default false,   -- has it had jobs with fair keys?
  ageing int,                               -- newer blocks that overtake a job, a step of priority
  max_running int,
  rate double precision,                    -- starts a second, in the long run
  burst int,                                -- starts at once
  max_running_per_key int not null default 1,
  rate_per_key double precision,
  burst_per_key int,
  keep interval not null default '7 days',  -- of jobs that ended, where no age below says otherwise
  keep_completed interval,
  keep_cancelled interval,
  keep_skipped interval,
  keep_discarded interval,
  keep_dead interval not null default '90 days',
  keep_results interval,                    -- null: as long as their jobs
  created_at timestamptz not null default clock_timestamp(),
  constraint queue_pk primary key (id),
  constraint queue_name_is_unique unique (name),
  constraint queue_name_fits check (octet_length(name) between 1 and 255),
  constraint queue_max_attempts_is_positive check (max_attempts >= 1),
  constraint queue_lease_is_at_least_a_second check (lease_ms >= 1000),
  constraint queue_timeout_is_positive check (timeout_ms > 0),
  constraint queue_max_pending_is_positive check (max_pending >= 1),
  constraint queue_ageing_is_positive check (ageing >= 1),
  constraint queue_limits_are_positive check (
    least(max_running, burst, max_running_per_key, burst_per_key) >= 1
    and least(rate, rate_per_key) > 0),
  constraint queue_overflow_is_known check (overflow in ('error', 'drop'))
);

-- The priorities that a queue has seen. No unique constraint: an insert must never wait for another
-- transaction, and a row too many costs nothing.
create table jobs.queue_priority (
  queue_id int not null,
  priority smallint not null
);
create index queue_priority_highest_first on jobs.queue_priority (queue_id, priority desc);

with default_queue as (insert into jobs.queue (name) values ('default') returning id)
insert into jobs.queue_priority select id, 0 from default_queue;
