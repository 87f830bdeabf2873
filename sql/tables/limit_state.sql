-- The jobs of ordering keys that have not ended (gate `o`), and those of concurrency keys that
-- found their key full (gate `c`): who waits for whom. Jobs without these keys have no row.
create table jobs.line (
  queue_id int not null,
  gate "char" not null,
  key text not null collate "C",
  rank bigint not null,        -- o: by position of enqueuing or retry; c: by priority, then id
  id bigint not null,
  state "char" not null,       -- q queued, not looked at yet; b blocked; r released; s started
  constraint line_pk primary key (queue_id, gate, key, rank)
);
create index line_by_job on jobs.line (id);
create index line_blocked on jobs.line (hashtext(key), queue_id, gate, key, rank)
where state = 'b';

-- Which claims hold jobs of a concurrency key: how many run is counted from their leases, so that
-- nothing is left behind by a claim that is over. Rows of such claims are swept.
create table jobs.key_claim (
  queue_id int not null,
  key text not null collate "C",
  claim bigint not null
);
create index key_claim_by_key on jobs.key_claim (queue_id, key);

-- How full the token buckets of rates are, one version per charge (as register): of a queue (`q`),
-- a kind (`k`) or a concurrency key in a queue (`c`). A bucket that is not there is full.
create sequence jobs.bucket_seq as bigint cache 1;
create table jobs.bucket (
  scope "char" not null,
  id int not null,
  key text not null collate "C" default '',
  ver bigint not null,
  tokens double precision not null,   -- at `at`; below zero if starts are promised already
  at timestamptz not null,
  constraint bucket_pk primary key (scope, id, key, ver)
);
