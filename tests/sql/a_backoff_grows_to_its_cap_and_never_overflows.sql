\ir lib/setup.sql
select plan(62);

create temporary table expected (backoff jsonb, attempt int, seconds float8);
insert into expected values
  (null, 1, 1), (null, 2, 2), (null, 12, 2048), (null, 13, 3600), (null, 1000000, 3600), (null, 2147483647, 3600),
  ('{}', 1, 1), ('{}', 3, 4),
  ('{"base": 5}', 1, 5), ('{"base": 5}', 2, 10), ('{"base": 5, "cap": 12}', 3, 12), ('{"base": 0.5, "factor": 1.5}', 3, 1.125),
  ('{"base": 7, "factor": 1}', 1, 7), ('{"base": 7, "factor": 1}', 1000000, 7),
  ('{"base": 0}', 1, 0), ('{"base": 0}', 1000000, 0), ('{"base": 0, "cap": 0}', 2, 0),
  ('{"base": 3, "cap": 3}', 1, 3), ('{"base": 3, "cap": 3}', 2, 3),
  ('{"factor": 1000, "cap": 31536000}', 1000000, 31536000), ('{"factor": 1000, "cap": 31536000}', 2, 1000),
  ('{"base": 1e-300, "factor": 1000, "cap": 31536000}', 1, 0), ('{"base": 1e-300, "factor": 1000, "cap": 31536000}', 2147483647, 31536000),
  ('{"strategy": "linear"}', 1, 1), ('{"strategy": "linear"}', 2, 2), ('{"strategy": "linear"}', 1000000, 3600),
  ('{"strategy": "linear", "base": 31536000, "cap": 31536000}', 2147483647, 31536000), ('{"strategy": "linear", "base": 0}', 9, 0),
  ('{"strategy": "constant"}', 1, 1), ('{"strategy": "constant", "base": 90}', 1000000, 90), ('{"strategy": "constant", "base": 0}', 2, 0),
  ('{"strategy": "list", "delays": [1, 10, 100.5]}', 1, 1), ('{"strategy": "list", "delays": [1, 10, 100.5]}', 2, 10),
  ('{"strategy": "list", "delays": [1, 10, 100.5]}', 3, 100.5), ('{"strategy": "list", "delays": [1, 10, 100.5]}', 1000000, 100.5),
  ('{"strategy": "list", "delays": [0]}', 1, 0);
select is(jobs.backoff_delay(backoff, attempt), seconds * interval '1 s',
  format('%s after attempt %s: %s s', coalesce(backoff::text, 'by default'), attempt, seconds))
from expected;

-- jitter takes off, never adds
select is(jobs.backoff_delay(null, 3, 1), interval '3 s', 'by default an exponential delay loses up to a quarter');
select is(jobs.backoff_delay(null, 3, 0.5), interval '3.5 s', 'evenly');
select is(jobs.backoff_delay('{"jitter": 1}', 3, 1), interval '0', 'jitter 1 may take all of it');
select is(jobs.backoff_delay('{"jitter": 0}', 3, 1), interval '4 s', 'jitter 0 nothing');
select is(jobs.backoff_delay('{"strategy": "linear"}', 3, 1), interval '3 s', 'the other strategies have none by default: linear');
select is(jobs.backoff_delay('{"strategy": "constant"}', 3, 1), interval '1 s', 'constant');
select is(jobs.backoff_delay('{"strategy": "list", "delays": [8]}', 3, 1), interval '8 s', 'list');
select is(jobs.backoff_delay('{"strategy": "list", "delays": [8], "jitter": 0.5}', 3, 1), interval '4 s', 'but may be given some');
select is(jobs.backoff_delay('{"base": 100, "cap": 100, "jitter": 0.1}', 3, 1), interval '90 s', 'it is taken off the cap as well');

-- what fail makes of it
select stop_the_clock();
create temporary table waits as
select (j ->> 'run_at')::timestamptz - jobs.now() as wait from generate_series(1, 100) as i,
  lateral (select jobs.enqueue('k', backoff => '{"base": 100, "jitter": 0.5}', headers => jsonb_build_object('i', i)) as id) as e,
  lateral (select jobs.fail((select c.token from jobs.claim_job(e.id) as c))) as f(status),
  lateral (select job(e.id) as j) as g where f.status = 'scheduled';
select ok(bool_and(wait between interval '50 s' and interval '100 s'), 'the waits of 100 failures lie within the jitter''s range') from waits;
select cmp_ok(count(distinct wait), '>', 90::bigint, 'and differ') from waits;
select ok(max(wait) - min(wait) > interval '30 s', 'all over it') from waits;

select refuses($$ select jobs.backoff_delay(null, 0) $$, 'JB002', 'attempt 0', 'attempt is 0', 'at least 1');
select refuses($$ select jobs.backoff_delay(null, -5) $$, 'JB002', 'a negative attempt', 'attempt is -5', 'at least 1');
select refuses($$ select jobs.backoff_delay(null, 1, 1.5) $$, 'JB002', 'a jitter above 1', 'jitter is 1.5', 'between 0 and 1');
select refuses($$ select jobs.backoff_delay(null, 1, 'NaN') $$, 'JB002', 'a jitter that is no number', 'jitter', 'between 0 and 1');
select refuses($$ select jobs.backoff_delay('{"cap": 31536001}', 1) $$, 'JB002', 'a cap above a year', 'out of range', '31536000');
select refuses($$ select jobs.backoff_delay('{"base": 4000}', 1) $$, 'JB002', 'a base above the default cap', 'out of range', 'default 3600');
select refuses($$ select jobs.backoff_delay('{"factor": 1001}', 1) $$, 'JB002', 'a factor above 1000', 'out of range', 'factor <= 1000');
select refuses($$ select jobs.backoff_delay('{"strategy": "list", "delays": [-1]}', 1) $$, 'JB002', 'a negative delay', 'delays', 'array of seconds');
select refuses($$ select jobs.backoff_delay('{"strategy": "list", "delays": 5}', 1) $$, 'JB002', 'delays that are no array', 'delays', 'array of seconds');
select refuses($$ select jobs.backoff_delay('{"strategy": 5}', 1) $$, 'JB002', 'a strategy that is no text', 'strategy', 'linear');
select refuses($$ select jobs.backoff_delay('{"base": null}', 1) $$, 'JB002', 'a base that is null', 'not a number', 'seconds');
select refuses($$ select jobs.backoff_delay('"linear"', 1) $$, 'JB002', 'a text', 'not a JSON object', 'For example');
select refuses($$ select jobs.backoff_delay('null', 1) $$, 'JB002', 'a JSON null', 'not a JSON object', 'For example');
select is(provolatile, 'i', 'a preview writes nothing') from pg_proc where oid = 'jobs.backoff_delay(jsonb,int,float8)'::regprocedure;
select * from finish();
