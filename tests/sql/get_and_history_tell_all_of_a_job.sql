\ir lib/setup.sql
select plan(34);
select stop_the_clock();
create function keys(j jsonb) returns text[] language sql as $$ select array_agg(k order by k) from jsonb_object_keys(j) as k $$;

select jobs.register_worker('w') as worker \gset
select jobs.enqueue('k', '{"a": 1}', 'q', 3, headers => '{"h": 1}', max_attempts => 4) as id \gset
select is(jobs.get(:id), jsonb_build_object('id', :id, 'kind', 'k', 'queue', 'q', 'state', 'ready', 'priority', 3, 'attempt', 0,
  'max_attempts', 4, 'args', '{"a": 1}'::jsonb, 'headers', '{"h": 1}'::jsonb, 'created_at', jobs.now(), 'since', jobs.now(), 'errors', '[]'::jsonb),
  'a ready job, whole');
select advance('1 min');
select token from jobs.claim('{q}', :'worker') \gset
select is(job(:id) - keys(job(:id)), '{}', 'a running one');
select is(job(:id) ->> 'state', 'running', 'says so');
select is((job(:id) ->> 'since')::timestamptz, jobs.now(), 'and since when');
select is(job(:id) -> 'cancel_requested', 'false', 'and that nobody wants it cancelled');
select is(job(:id) ->> 'attempt', '1', 'it is on its first attempt');
select advance('1 min');
select jobs.fail(:token, '{"type": "E", "message": "m", "traceback": null}', '1 hour', 'timeout') \g /dev/null
select is(keys(job(:id)), '{args,attempt,created_at,error,errors,headers,id,kind,max_attempts,priority,queue,reason,run_at,since,state}',
  'a scheduled one has run_at, and why');
select is(job(:id) -> 'errors', jsonb_build_array(jsonb_build_object('attempt', 1, 'at', jobs.now(), 'type', 'failed', 'reason', 'timeout',
  'error', '{"type": "E", "message": "m", "traceback": null}'::jsonb)), 'and every error so far');
select is(jobs.complete(claim_of(:id), '[1]'), 'completed', 'it completes');
select is(keys(job(:id)), '{args,attempt,created_at,errors,headers,id,kind,max_attempts,priority,queue,result,result_pruned,since,state}', 'a completed one has its result');
select is(job(:id) -> 'result', '[1]', 'that one');
select is(jsonb_array_length(job(:id) -> 'errors'), 1, 'and the errors from before');
select is(jobs.get(0), null, 'there is no job 0');
select is(jobs.get(null), null, 'nor null');

-- history
select results_eq(format('select type, at - %L, attempt, worker, queue from jobs.history(%s)', timestamptz '2030-01-01 00:00+00', :id),
  format($$ values ('enqueued', interval '0', 0, null::uuid, 'q'), ('claimed', interval '1 min', 1, %L::uuid, 'q'), ('failed', '2 min', 1, null, 'q'),
    ('claimed', '2 min', 2, null, 'q'), ('completed', '2 min', 2, null, 'q') $$, :'worker'), 'the timeline, oldest first');
select results_eq(format('select data - ''run_at'' from jobs.history(%s)', :id), $$ values ('{"headers": {"h": 1}, "max_attempts": 4}'::jsonb), (null),
  ('{"reason": "timeout", "error": {"type": "E", "message": "m", "traceback": null}}'), (null), ('[1]') $$, 'with what came with each transition');
select results_eq(format('select * from jobs.history(%s)', :id), format('select * from jobs.job_event where job_id = %s order by pos', :id),
  'the view job_event has the same');
select ok(bool_and(pos > before), 'positions ascend') from (select pos, lag(pos, 1, 0::bigint) over () as before from jobs.history(:id)) as h;
select is((select array_agg(claim = :token >> 6 order by pos) from jobs.history(:id)), '{null,t,t,f,f}', 'each claim''s transitions name it');
select is((select count(*) from jobs.history(:id) where xid is null and type <> 'enqueued'), 0::bigint, 'and every transition its transaction');
select is_empty('select * from jobs.history(0)', 'there is no job 0');
select is_empty('select * from jobs.history(null)', 'nor null');

-- in a block: each job its own data
select array_agg(id order by ord) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[60]), queue => 'block') \gset
select (:'ids'::bigint[])[1] as i1 \gset
select count(*) from (select array_agg(token) as t, array_agg(to_jsonb(id)) as r from jobs.claim('{block}', max_jobs => 60)) as c, jobs.complete_many(t, r) \g /dev/null
select is((select count(*) from unnest(:'ids'::bigint[]) as i where job(i) -> 'result' = to_jsonb(i)), 60::bigint, 'each job of a block has its own result');
select is((select count(*) from unnest(:'ids'::bigint[]) as i where timeline(i) = 'enqueued 0, claimed 1, completed 1'), 60::bigint, 'and timeline');
select is((select count(*) from jobs.event e where e.ids @> :'ids'::bigint[]), 2::bigint, 'in two rows of the log');

-- the views
select is((select (kind, queue, state, priority, attempt, run_at, data)::text from jobs.job_state where id = :id), '(k,q,completed,3,2,,[1])', 'job_state has it in one row');
select is((select count(*) from jobs.job_state), (select count(*) from jobs.job), 'one per job');
select is((select since_pos from jobs.job_state where id = :id), (select max(pos) from jobs.history(:id)), 'with the position of its last transition');
select jobs.enqueue('k', delay => '1 hour') as scheduled \gset
select is((select (state, run_at - created_at, since - created_at, since_pos, claim, data)::text from jobs.job_state where id = :scheduled),
  format('(scheduled,01:00:00,00:00:00,%s,,)', :scheduled), 'a job to which nothing has happened stands there as it was enqueued');
select matches(jobs.version(), '^\d+\.\d+\.\d+', 'version tells the version');

-- what was pruned
select advance('1 year');
select count(*) from jobs.prune() \g /dev/null
select is(jobs.get(:id), null, 'a pruned job is gone');
select is_empty(format('select * from jobs.history(%s)', :id), 'with its history');
select is_empty(format('select * from jobs.job_state where id = %s', :id), 'and its state');
select is_consistent();
select * from finish();
