\ir lib/setup.sql
select plan(58);
select stop_the_clock();
create function die(kind text, message text, args jsonb default '{}', queue text default 'q') returns bigint language plpgsql as $$
declare _id bigint := jobs.enqueue(kind, args, queue => queue);
begin
  perform jobs.fail((select c.token from jobs.claim_job(_id) as c), jsonb_build_object('message', message), reason => 'aborted');
  return _id;
end $$;
create function ids(r bigint[]) returns bigint[] language sql as $$ select coalesce(r, '{}') $$;
create function dead() returns bigint language sql as $$ select count(*) from jobs.job_state where state = 'dead' $$;

select array_agg(die('a', 'no user ' || i, jsonb_build_object('i', i, 'region', 'us', 'deep', '{"x": 1, "y": 2}'::jsonb)) order by i) as users from generate_series(1, 3) as i \gset
select array_agg(die('a', 'no disk', '{"i": 9}')) as disks from generate_series(1, 2) as i \gset
select fingerprint as fp from jobs.list_errors() where message = 'no disk' \gset
select fingerprint as fp_user from jobs.list_errors() where message = 'no user #' \gset

-- a dry run
create temporary table would as select row_number() over () as n, r.* from jobs.retry_many(rate => 2, patch => '{"region": "eu"}', dry_run => true) as r;
select is((select array_agg(id order by n) from would), :'users'::bigint[] || :'disks'::bigint[], 'a dry run tells which jobs would go, the oldest death first');
select is((select array_agg(extract(epoch from run_at - jobs.now())::numeric(9, 1) order by n) from would), '{NULL,0.5,1.0,1.5,2.0}', 'and when');
select is((select args from would where n = 1), '{"i": 1, "region": "eu", "deep": {"x": 1, "y": 2}}', 'with which args');
select is((select args from would where n = 5), '{"i": 9, "region": "eu"}', 'each with its own');
select is((select (kind, queue, reason, fingerprint, died_at)::text from would where n = 5), format('(a,q,aborted,%s,"%s")', :'fp', jobs.now()), 'and why they had died');
select is(dead(), 5::bigint, 'nothing has changed');
select is((select count(*) from jobs.event where type = 'retried'), 0::bigint, 'nor is it in the log');
select is((select array_agg(id) from jobs.retry_many(fingerprint => :'fp', dry_run => true)), :'disks'::bigint[], 'by fingerprint');
select is((select count(*) from jobs.retry_many(fingerprint => repeat('0', 16))), 0::bigint, 'an unknown one selects none');
select is((select count(*) from jobs.retry_many(max_jobs => 0)), 0::bigint, 'nor does max_jobs of 0');

-- when they died
select advance('1 hour');
select die('a', 'no user 7') as late \gset
select is((select array_agg(id) from jobs.retry_many(died_after => jobs.now(), dry_run => true)), array[:late]::bigint[], 'by when they died: from then on');
select is((select count(*) from jobs.retry_many(died_before => jobs.now(), dry_run => true)), 5::bigint, 'and before then');
select is((select count(*) from jobs.retry_many(died_after => jobs.now() - interval '1 hour', died_before => jobs.now(), dry_run => true)), 5::bigint, 'the first is inside, the last is not');
select is((select count(*) from jobs.retry_many(died_after => '-infinity', died_before => 'infinity', dry_run => true)), 6::bigint, 'or ever');

-- at a rate
select is((select array_agg(coalesce(extract(epoch from run_at - jobs.now()), 0)::int) from jobs.retry_many(fingerprint => :'fp_user', rate => 0.1)), '{0,10,20,30}', 'they begin one after the other');
select is((select array_agg(args) from jobs.retry_many(dry_run => false, max_jobs => 0)), null, 'args are told of a dry run only');
select is((select array_agg(state(i) order by nth) from unnest(:'users'::bigint[] || :late::bigint) with ordinality as u(i, nth)), '{ready,scheduled,scheduled,scheduled}', 'the first is ready, the others are scheduled');
select is((job((:'users'::bigint[])[2]) ->> 'run_at')::timestamptz, jobs.now() + interval '10 s', 'for their time');
select is((select (state, attempt)::text from jobs.list('scheduled') limit 1), '(scheduled,0)', 'a list shows them so');
select is_consistent();
select is(take(9, '{q}'), array[(:'users'::bigint[])[1]], 'those that are ready are claimed');
select is((select array_agg(id) from jobs.retry_many()), :'disks'::bigint[], 'the others are dead still, and may be retried');
select advance('10 s');
select jobs.tick() \g /dev/null
select is(state((:'users'::bigint[])[2]), 'ready', 'at its time the next is ready');
select is(timeline((:'users'::bigint[])[2]), 'enqueued 0, claimed 1, dead 1, retried 0, promoted 0', 'and its history says how');
select is(jobs.cancel((:'users'::bigint[])[3]), 'cancelled', 'one that waits may be cancelled');
select claim_of(:late) \g /dev/null
select is(state(:late), 'running', 'or claimed by its id');
select is_consistent();
select die('fast', 'x') as fast, die('fast', 'x') as faster \gset
select count(*) from jobs.retry_many(kind => 'fast', rate => 1e300) \g /dev/null
select is((select array_agg(state(i)) from unnest(array[:fast, :faster]::bigint[]) as i), '{ready,ready}', 'a huge rate is all at once');
select die('slow', 'x'), die('slow', 'x') \g /dev/null
select is((select max(run_at) from jobs.retry_many(kind => 'slow', rate => 0.000001, run_at => jobs.now() - interval '1 s', dry_run => true)), jobs.now() + interval '999999 s', 'the least one, from a moment that is past');
select is((select array_agg(run_at - jobs.now()) from jobs.retry_many(kind => 'slow', rate => 1, run_at => jobs.now() + interval '1 h')), '{01:00:00,01:00:01}', 'or from one to come');

-- with other args
select die('p', 'x', '{"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]}') as p \gset
select is(jobs.retry(:p, patch => '{"a": null, "b": {"c": null, "x": 5}, "e": [3], "new": {"n": null, "m": 1}}'), 'ready', 'one job is patched');
select is(job(:p) -> 'args', '{"b": {"d": 3, "x": 5}, "e": [3], "new": {"m": 1}}', 'objects are merged, null removes, all else is replaced (RFC 7396)');
select is(last_data(:p), '{"args": {"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]}}', 'its history has what they were');
select is((select args from jobs.claim_job(:p)), job(:p) -> 'args', 'a claim gets the new ones');
select jobs.fail(token(:p), reason => 'aborted') \g /dev/null
select is(jobs.retry(:p, jobs.now() + interval '1 min', '{"new": 6}'), 'scheduled', 'and once more, for later');
select is(last_data(:p), jsonb_build_object('run_at', jobs.now() + interval '1 min', 'args', '{"b": {"d": 3, "x": 5}, "e": [3], "new": {"m": 1}}'::jsonb), 'with both in its history');
select jobs.cancel(:p) \g /dev/null
select is(jobs.retry(:p, patch => '{"new": 6}'), 'ready', 'a patch that changes nothing');
select is(last_data(:p), null, 'is not in the history');
select is(jobs.retry(die('p', 'x'), jobs.now() - interval '1 s'), 'ready', 'a run_at that is past is now');
select is(jobs.retry(die('p', 'x', '[1]')), 'ready', 'args that are no object may be retried');
select is_consistent();

-- what is refused, and then nothing has changed
select array_agg(die('large', 'x', jsonb_build_object('i', i))) as large from generate_series(1, 2) as i \gset
select die('large', 'x', jsonb_build_object('pad', (select string_agg(md5(i::text), '') from generate_series(1, 55) as i))) as larger \gset
update jobs.setting set max_args_bytes = 2000;
select jsonb_build_object('more', (select string_agg(md5(i::text), '') from generate_series(100, 107) as i)) as patch \gset
select refuses(format('select * from jobs.retry_many(kind => ''large'', patch => %L)', :'patch'), 'JB003', 'args that become too large', format('args of job %s: too large', :larger), 'reference', '2000 allowed');
select is((select array_agg(state(i)) from unnest(:'large'::bigint[] || :larger::bigint) as i), '{dead,dead,dead}', 'none of them was retried');
select refuses(format('select * from jobs.retry_many(kind => ''large'', patch => %L, dry_run => true)', :'patch'), 'JB003', 'a dry run finds it too', 'too large');
select die('list', 'x', '[1, 2]') as list \gset
select refuses('select * from jobs.retry_many(kind => ''list'', patch => ''{}'')', 'JB002', 'args that are no object', format('args of job %s are of type array', :list), 'without a patch');
select refuses(format('select * from jobs.retry_many(patch => %L)', v), 'JB002', 'a patch that is no object: ' || v, 'patch is of type', 'JSON object') from unnest('{"[1]","1","null"}'::text[]) as v;
select refuses(format('select * from jobs.retry_many(rate => %L)', v), 'JB002', 'a rate of ' || v, 'rate is', 'at least') from unnest('{0,-1,NaN,Infinity,1e-9}'::text[]) as v;
select refuses('select * from jobs.retry_many(run_at => ''infinity'')', 'JB002', 'run_at of infinity', 'run_at is', 'finite');
select refuses('select * from jobs.retry_many(fingerprint => ''ABC'')', 'JB002', 'what is no fingerprint', 'fingerprint is', '16 hexadecimal');
select refuses(format('select jobs.retry(%s, patch => ''[]'')', :list), 'JB002', 'of one job too', 'patch is of type array');
select jobs.configure_kind('list', required_args => '{"to"}') \g /dev/null
select die('list', 'x', '{"to": 1}') as strict \gset
select refuses(format('select jobs.retry(%s, patch => ''{"to": null}'')', :strict), 'JB002', 'args that the kind does not take', 'lack the key "to"');
select is(state(:strict), 'dead', 'nothing has changed');
select * from finish();
