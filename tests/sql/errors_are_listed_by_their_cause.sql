\ir lib/setup.sql
select plan(24);
select stop_the_clock();
create function die(kind text, message text, queue text default 'q', reason text default 'aborted') returns bigint language plpgsql as $$
declare _id bigint := jobs.enqueue(kind, queue => queue);
begin
  perform jobs.fail((select c.token from jobs.claim_job(_id) as c), jsonb_build_object('type', 'E', 'message', message, 'frame', 'send'), interval '0', reason);
  return _id;
end $$;
create function errors(win interval default '1 day') returns text[] language sql as $$
  select coalesce(array_agg(format('%s %s %s %s %s', e.kind, e.queue, e.message, e.count, e.dead)), '{}') from jobs.list_errors("window" => win) as e $$;

select is(errors(), '{}', 'no error');
select die('a', 'no user 1') as first, die('a', 'no user 2') as second \gset
select advance('1 min');
select die('a', 'no user 3', reason => null) as third \gset
select die('b', 'no user 4') as fourth \gset
select die('a', 'no user 5', 'other') as fifth \gset
select is(errors(), '{"a other no user # 1 1","b q no user # 1 1","a q no user # 3 2"}', 'one row per cause and queue, the newest first; a job that is tried again is not dead');
select is((select to_jsonb(e) - 'fingerprint' from jobs.list_errors('q', 'a') as e), jsonb_build_object('kind', 'a', 'queue', 'q', 'type', 'E', 'message', 'no user #', 'frame', 'send',
  'count', 3, 'dead', 2, 'first_seen', jobs.now() - interval '1 min', 'last_seen', jobs.now(), 'job_id', :third, 'cut', false), 'all of a row, by queue and kind');
select fingerprint as fp from jobs.list_errors('q', 'a') \gset
select is(:'fp', jobs.fingerprint('a', (job(:first)) -> 'error'), 'its fingerprint is that of each error');
select is((select array_agg(queue order by queue) from jobs.list_errors(fingerprint => :'fp')), '{other,q}', 'by fingerprint');
select is((select count(*) from jobs.list_errors('none')), 0::bigint, 'of an unknown queue none');
select is((select count(*) from jobs.list_errors(kind => 'none')), 0::bigint, 'nor of an unknown kind');
select is((select count(*) from jobs.list_errors(fingerprint => repeat('0', 16))), 0::bigint, 'nor with an unknown fingerprint');

-- who is dead now
select jobs.retry(:first) \g /dev/null
select is((select dead from jobs.list_errors('q', 'a')), 1::bigint, 'who was retried is not dead');
select is((select count from jobs.list_errors('q', 'a')), 3::bigint, 'though it has died');
select jobs.fail(claim_of(:first), '{"type": "E", "message": "no user 9", "frame": "send"}', reason => 'aborted') \g /dev/null
select is((select (count, dead, job_id)::text from jobs.list_errors('q', 'a')), format('(4,2,%s)', :first), 'unless it has died again: it counts once');
select jobs.fail(claim_of(:third), '"another"', reason => 'aborted') \g /dev/null
select is((select (message, frame, coalesce(type, 'none'), count, dead)::text from jobs.list_errors('q', 'a') limit 1), '(another,"",none,1,1)', 'of another cause: a group of its own');

-- without an error
select jobs.enqueue('lost', max_attempts => 1, lease => '1 s') as lost \gset
select claim_of(:lost) \g /dev/null
select advance('2 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is((select message from jobs.list_errors(kind => 'lost')), 'abandoned', 'a death without an error has its reason');
select jobs.fail(claim_of(jobs.enqueue('mute'))) \g /dev/null
select is((select message from jobs.list_errors(kind => 'mute')), 'no error was given', 'a failure without either says so');
select array_agg(id order by id) as block from jobs.enqueue_many('block', array_fill('{}'::jsonb, array[3])) \gset
select count(*) from jobs.fail_many(array(select token from jobs.claim(kinds => '{block}', max_jobs => 3)), '{"{\"message\": \"x\"}","{\"message\": \"y\"}","{\"message\": \"x\"}"}') \g /dev/null
select is((select array_agg((message, count)::text order by message) from jobs.list_errors(kind => 'block')), '{"(x,2)","(y,1)"}', 'each of a block has its own');

-- how far back, and how many
select advance('1 hour');
select is(errors('1 min'), '{}', 'only the window counts');
select is(cardinality(errors('100 years')), 8, 'a long one is no error');
select is((select bool_or(cut) from jobs.list_errors(max_events => 12)), false, 'all twelve are read');
select is((select (sum(count), bool_and(cut))::text from jobs.list_errors(max_events => 11)), '(11,t)', 'of more than max_events the newest are, and every row says so');
select is((select array_agg(kind) from jobs.list_errors(max_events => 2)), '{block,block}', 'also within a block');

select refuses('select jobs.list_errors(fingerprint => ''x'')', 'JB002', 'what is no fingerprint is refused', 'fingerprint is ''x''', '16 hexadecimal');
select refuses('select jobs.list_errors(max_events => 0)', 'JB002', 'max_events of 0', 'max_events is 0', 'between 1 and');
select refuses('select jobs.list_errors("window" => ''-1 s'')', 'JB002', 'a negative window', 'window is', 'not negative');
select is_consistent();
select * from finish();
