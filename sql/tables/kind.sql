-- A kind of job and its settings; null means the queue's. It comes into being when first named.
create table jobs.kind (
  id int generated always as identity,
  name text not null,
  queue text not null default 'default',
  max_attempts smallint,
  backoff jsonb,
  lease_ms int,
  timeout_ms int,
  max_claims smallint not null default 50,         -- claims that one round of attempts may cost
  charge_lost boolean not null default true,       -- does a lost lease cost an attempt?
  on_dead text,                                    -- the kind enqueued for each job that dies
  on_dead_policy text not null default 'none',     -- what a death does besides
  max_running int,
  rate double precision,                           -- starts a second, in the long run
  burst int,                                       -- starts at once
  alias_of text,                                   -- the kind's new name: its jobs are of that
  required_args text[],                            -- keys that args must have
  arg_types jsonb,                                 -- {key: type or [types]} of args
  created_at timestamptz not null default clock_timestamp(),
  constraint kind_pk primary key (id),
  constraint kind_name_is_unique unique (name),
  constraint kind_name_fits check (octet_length(name) between 1 and 255),
  constraint kind_max_attempts_is_positive check (max_attempts >= 1),
  constraint kind_on_dead_policy_is_known
    check (on_dead_policy in ('none', 'pause_queue', 'pause_kind', 'cancel_batch')),
  constraint kind_max_claims_is_positive check (max_claims >= 1),
  constraint kind_lease_is_at_least_a_second check (lease_ms >= 1000),
  constraint kind_timeout_is_positive check (timeout_ms > 0),
  constraint kind_is_no_alias_of_itself check (alias_of <> name),
  constraint kind_limits_are_positive check (least(max_running, burst) >= 1 and rate > 0)
);
-- Claims ask whether there is any.
create index kind_limited on jobs.kind (id) where max_running is not null or rate is not null;
