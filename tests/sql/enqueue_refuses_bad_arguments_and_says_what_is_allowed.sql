\ir lib/setup.sql
select plan(47);

-- each call is refused with this SQLSTATE, message and hint
create table refusal (call text, state text, message text, hint text);
insert into refusal values
  ($$ null $$, 'JB002', 'null', '1 to 255 bytes'),
  ($$ '' $$, 'JB002', '''''', '1 to 255 bytes'),
  ($$ repeat('k', 256) $$, 'JB002', 'k', '1 to 255 bytes'),
  ($$ repeat('ä', 128) $$, 'JB002', 'ä', '1 to 255 bytes'),
  ($$ 'k', queue => '' $$, 'JB002', '''''', '1 to 255 bytes'),
  ($$ 'k', queue => repeat('q', 256) $$, 'JB002', 'q', '1 to 255 bytes'),
  ($$ 'k', null $$, 'JB002', 'args is null', 'JSON value'),
  ($$ 'k', args => null::jsonb $$, 'JB002', 'args is null', 'JSON value'),
  ($$ 'k', priority => 101 $$, 'JB002', 'priority is 101', '-100 (to|and) 100'),
  ($$ 'k', priority => -101 $$, 'JB002', 'priority is -101', '-100 (to|and) 100'),
  ($$ 'k', priority => 2147483647 $$, 'JB002', 'priority', '-100 (to|and) 100'),
  ($$ 'k', priority => 65536 $$, 'JB002', 'priority', '-100 (to|and) 100'),
  ($$ 'k', run_at => 'infinity' $$, 'JB002', 'infinity', 'finite'),
  ($$ 'k', run_at => '-infinity' $$, 'JB002', 'infinity', 'finite'),
  ($$ 'k', delay => '-1 microsecond' $$, 'JB002', 'would run', 'not negative'),
  ($$ 'k', run_at => '2031-01-01', delay => '1 s' $$, 'JB002', 'both run_at and delay', 'one of them'),
  ($$ 'k', delay => '300000 years' $$, 'JB002', 'would run', '1000 years'),
  ($$ 'k', max_attempts => 0 $$, 'JB002', 'max_attempts is 0', '1 and 32767'),
  ($$ 'k', max_attempts => -1 $$, 'JB002', 'max_attempts is -1', '1 and 32767'),
  ($$ 'k', max_attempts => 32768 $$, 'JB002', 'max_attempts is 32768', '1 and 32767'),
  ($$ 'k', routing_key => '' $$, 'JB002', 'routing_key', 'Leave'),
  ($$ 'k', routing_key => repeat('r', 1025) $$, 'JB00[23]', 'routing_key', '.'),
  ($$ 'k', timeout => '0' $$, 'JB002', 'timeout is', 'between'),
  ($$ 'k', timeout => '-1 s' $$, 'JB002', 'timeout is', 'between'),
  ($$ 'k', timeout => '21 days' $$, 'JB002', 'timeout is', 'between'),
  ($$ 'k', lease => '999 ms' $$, 'JB002', 'lease is', 'between'),
  ($$ 'k', lease => '1000 years' $$, 'JB002', 'lease is', 'between'),
  ($$ 'k', headers => '[]' $$, 'JB002', 'headers is not a JSON object', 'For example'),
  ($$ 'k', headers => '"x"' $$, 'JB002', 'headers is not a JSON object', 'For example'),
  ($$ 'k', headers => 'null' $$, 'JB002', 'headers is not a JSON object', 'For example'),
  ($$ 'k', backoff => '[]' $$, 'JB002', 'backoff is not a JSON object', 'For example'),
  ($$ 'k', backoff => '{"bse": 1}' $$, 'JB002', 'unknown key ''bse''', 'base'),
  ($$ 'k', backoff => '{"strategy": "fibonacci"}' $$, 'JB002', 'unknown strategy ''fibonacci''', 'linear'),
  ($$ 'k', backoff => '{"base": "1"}' $$, 'JB002', 'backoff.base is not a number', 'seconds'),
  ($$ 'k', backoff => '{"base": -1}' $$, 'JB002', 'out of range', '0 <= base'),
  ($$ 'k', backoff => '{"jitter": 1.1}' $$, 'JB002', 'out of range', 'jitter <= 1'),
  ($$ 'k', backoff => '{"factor": 0.5}' $$, 'JB002', 'out of range', '1 <= factor'),
  ($$ 'k', backoff => '{"base": 10, "cap": 5}' $$, 'JB002', 'out of range', 'base <= cap'),
  ($$ 'k', backoff => '{"strategy": "list"}' $$, 'JB002', 'delays', 'array of seconds'),
  ($$ 'k', backoff => '{"strategy": "list", "delays": []}' $$, 'JB002', 'delays', 'array of seconds'),
  ($$ 'k', backoff => '{"strategy": "list", "delays": [1, "2"]}' $$, 'JB002', 'delays', 'array of seconds'),
  ($$ 'k', backoff => '{"delays": [1]}' $$, 'JB002', 'delays', 'array of seconds');
select refuses('select jobs.enqueue(' || call || ')', state, 'enqueue(' || left(btrim(call), 60) || ')', message, hint)
from refusal;

select refuses($$ select jobs.enqueue('k', jsonb_build_object('a', repeat('x', 1048576))) $$, 'JB003',
  'args over 1 MiB', '^args: too large', 'max_args_bytes', '^\d+ bytes as stored, 1048576 allowed$');
select refuses($$ select jobs.enqueue('k', headers => jsonb_build_object('a', repeat('x', 8192))) $$, 'JB003',
  'headers over 8 KiB', '^headers: too large', 'max_headers_bytes', '^\d+ bytes as stored, 8192 allowed$');
update jobs.setting set max_args_bytes = 3000;
select refuses($$ select jobs.enqueue('k', jsonb_build_object('a', repeat('x', 3001))) $$, 'JB003',
  'the cap is the installation''s', '^args: too large', 'max_args_bytes', ' 3000 allowed$');
select lives_ok($$ select jobs.enqueue('k', jsonb_build_object('a', repeat('x', 2900))) $$, 'below it all is well');

select is((select count(*) from jobs.job), 1::bigint, 'what was refused has left nothing');
select * from finish();
