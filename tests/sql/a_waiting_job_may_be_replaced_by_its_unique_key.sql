\ir lib/setup.sql
select plan(39);
select stop_the_clock() \g /dev/null
create function again(args jsonb, replace text, delay interval default null, priority int default null) returns bigint language sql as $$
  select jobs.enqueue('k', again.args, unique_key => 'u', unique_options => jsonb_build_object('replace', again.replace::jsonb), delay => again.delay,
    priority => again.priority) $$;

-- args
select jobs.enqueue('k', '{"v": 1}', unique_key => 'u') as job \gset
select jobs.enqueue('k', '{"other": 1}') as other \gset
select is(again('{"v": 2}', '["args"]'), :'job'::bigint, 'the id stays');
select is(job(:job) -> 'args', '{"v": 2}', 'the args are new');
select is(timeline(:job), 'enqueued 0, replaced 0', 'its history tells');
select is(last_data(:job), '{"replaced": {"args": {"v": 1}}}', 'with what was there before');
select is(take(2), array[:other, :job]::bigint[], 'its place is that of the enqueue that replaced it');
select is(again('{"v": 3}', '["args"]'), :'job'::bigint, 'while it runs it is the same job');
select is(job(:job) -> 'args', '{"v": 2}', 'but nothing is replaced');
select is(timeline(:job), 'enqueued 0, replaced 0, claimed 1', 'and nothing happens');
select jobs.fail(token(:job), retry_in => '1 h') \g /dev/null
select is(again('{"v": 3}', '["args"]'), :'job'::bigint, 'while it waits to be tried again');
select is(job(:job) -> 'args', '{"v": 3}', 'it has the new args then');
select is((job(:job) ->> 'run_at')::timestamptz, jobs.now() + '1 h', 'at its time');
select is(job(:job) ->> 'attempt', '1', 'with its attempts');
select is(jobs.cancel(:job), 'cancelled', 'it can be cancelled');

-- run_at: debouncing
select again('{"v": 1}', '["run_at", "args"]', '10 s') as job \gset
select advance('9 s') \g /dev/null
select is(again('{"v": 2}', '["run_at", "args"]', '10 s'), :'job'::bigint, 'each enqueue puts it off');
select is(state(:job), 'scheduled', 'it is scheduled');
select is((job(:job) ->> 'run_at')::timestamptz, jobs.now() + '10 s', 'for the new time');
select is(last_data(:job) - 'run_at', jsonb_build_object('replaced', jsonb_build_object('args', '{"v": 1}'::jsonb, 'run_at', jobs.now() + '1 s')), 'its history has the old one');
select advance('9 s') \g /dev/null
select jobs.tick() \g /dev/null
select is(state(:job), 'scheduled', 'it waits');
select is_consistent();
select advance('1 s') \g /dev/null
select jobs.tick() \g /dev/null
select is(take(), array[:job]::bigint[], 'until nobody has put it off for so long');
select is((select args from jobs.job where id = :job), '{"v": 2}', 'and it has the last args');
select jobs.complete(token(:job)) \g /dev/null
select again('{"v": 1}', '["run_at"]', '1 h') as job \gset
select is(again('{"v": 2}', '["run_at"]'), :'job'::bigint, 'no run_at is now');
select is(state(:job), 'ready', 'so it is ready');
select is(job(:job) -> 'args', '{"v": 1}', 'what is not named stays');
select is(again('{"v": 2}', '["run_at"]', '5 s'), :'job'::bigint, 'and the other way round');
select is(state(:job), 'scheduled', 'a ready job is put off');
select jobs.cancel(:job) \g /dev/null

-- priority
select again('{}', '["priority"]') as job \gset
select again('{}', '["priority"]', null, 7) \g /dev/null
select is((select priority::int from jobs.ready where :job = any(ids)), 7, 'the priority is new');
select is(last_data(:job), '{"replaced": {"priority": 0}}', 'its history has the old one');
select again('{}', '["priority", "args", "run_at"]', null, 7) \g /dev/null
select is(timeline(:job), 'enqueued 0, replaced 0', 'the same again changes nothing');

-- one that is blocked waits on, and has the new time when it no longer is
select jobs.enqueue('first') as before \gset
select jobs.enqueue('k', '1', unique_key => 'b', depends_on => array[:before]) as blocked \gset
select is(jobs.enqueue('k', '2', unique_key => 'b', delay => '1 h', unique_options => '{"replace": ["args", "run_at"]}'), :'blocked'::bigint, 'a blocked job is replaced');
select is(state(:blocked), 'blocked', 'it is blocked still');
select jobs.complete(claim_of(:before)) \g /dev/null
select is(state(:blocked), 'scheduled', 'then it waits for its new time');
select is((job(:blocked) ->> 'run_at')::timestamptz, jobs.now() + '1 h', 'which is that of the replacement');
select is_consistent();

-- in the middle of a block, and in one call
select is((select count(distinct id) from jobs.enqueue_many('k', array['1'::jsonb, '2', '3'], unique_key => 'm', unique_options => '{"replace": ["args"]}')), 1::bigint, 'of several in one call');
select is((select args from jobs.job where options ->> 'unique_key' = 'm'), '3', 'the last one counts');
select refuses($$select jobs.enqueue('k', '4', unique_key => 'm', unique_options => '{"replace": ["args"]}', on_conflict => 'error')$$, 'JB021', 'on_conflict goes first');
select is((select args from jobs.job where options ->> 'unique_key' = 'm'), '3', 'and nothing is replaced');
select is_consistent();
select * from finish();
