\ir lib/setup.sql
select plan(14);

-- a session that is as odd as may be; tables of these names stand in the way of ours
create schema trap;
create table trap.job (id int);
create function trap.now() returns timestamptz language sql as $$ select '1999-01-01'::timestamptz $$;
create function trap.least(int, int) returns int language sql as $$ select 1 / 0 $$;
create temporary table ready (ord text);
create temporary table kind (name text);
set datestyle = 'SQL, DMY';
set timezone = 'Asia/Kathmandu';
set intervalstyle = 'sql_standard';
set bytea_output = 'escape';
set extra_float_digits = -15;
set transform_null_equals = on;
set array_nulls = off;
set enable_indexscan = off;
set search_path = trap, public, pg_catalog;
select jobs.enqueue('odd', '{"a": 1}', 'mail', 4, delay => '1:30:00', max_attempts => 3, timeout => '90 s',
  lease => '1 min', backoff => '{"base": 0.5}') as id \gset
select jobs.enqueue('odd', run_at => '2031-02-03 04:05:06.789012+00') as later \gset
set search_path = '';
select jobs.enqueue('odd', queue => 'bare path') as bare \gset
select count(*) as many from jobs.enqueue_many('[{"kind": "odd", "run_at": "2031-02-03T04:05:06.789012Z"}, {"kind": "odd"}]') \gset
set search_path = pg_temp;
select jobs.enqueue('odd', queue => 'temporary path') as temporary \gset
select id as claimed, token from jobs.claim('{temporary path}') \gset
select jobs.fail(:token, '{"message": "x"}', '1 12:00:00') as failed \gset

-- read back as somebody else would
reset all;
set search_path = tap, public;
select is(run_at - created_at between interval '89 min 59 s' and interval '90 min 1 s', true, 'delay is an interval')
from jobs.job_state where id = :id;
select is(run_at, '2031-02-03 04:05:06.789012+00', 'run_at is a moment, not a text') from jobs.job_state where id = :later;
select is(options - 'run_at', '{"max_attempts": 3, "timeout": 90, "lease": 60, "backoff": {"base": 0.5}}',
  'durations are kept in seconds') from jobs.job where id = :id;
select is(job(:id) ->> 'queue', 'mail', 'the queue is the one given');
select ok(created_at > now() - interval '1 hour', 'a function now() in the way is not called') from jobs.job where id = :id;
select is(state(:bare), 'ready', 'an empty search_path will do');
select is(state(:temporary), 'scheduled', 'and one of pg_temp alone');
select is(:claimed, :temporary, 'a claim works there as well');
select is(:'failed'::text, 'scheduled', 'and an outcome');
select ok(run_at > now() + interval '35 h', 'retry_in is an interval') from jobs.job_state where id = :temporary;
select is(:many, 2, 'enqueue_many works there too');
select is((select count(*) from jobs.job_state where run_at = '2031-02-03 04:05:06.789012+00'), 2::bigint,
  'and reads an ISO time as one');
select is((select count(*) from jobs.job), 6::bigint, 'six jobs are in our table, none in the trap');
select is_consistent();
select * from finish();
