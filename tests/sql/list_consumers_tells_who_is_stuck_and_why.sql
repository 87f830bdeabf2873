\ir lib/setup.sql
select plan(22);
select stop_the_clock();

create function shown() returns text language sql as $$
  select concat_ws(' ', 'behind', behind, coalesce(behind_for::text, '-'), case when stuck then 'stuck:' end, why) from jobs.list_consumers('c') $$;
create function leased() returns bigint language sql as $$ select max(p.token) from jobs.poll('c', 2) as p $$;
select is_empty('select * from jobs.list_consumers()', 'none');
select jobs.create_consumer('c', 'now', '{a}', 's', false, 'skip') \g /dev/null
select jobs.create_consumer('b', 'beginning') \g /dev/null
select results_eq($$select * from jobs.list_consumers()$$, $$values
  ('b', null::text[], null, null::boolean, 'stop', 0::bigint, 0::bigint, null::interval, jobs.now(), null::timestamptz, 0, null::jsonb, null::bigint, null::timestamptz, false, null),
  ('c', '{a}', 's', false, 'skip', 0, 0, null, jobs.now(), null, 0, null, null, null, false, null)$$, 'what each one reads and where it stands, by name');
select results_eq($$select name from jobs.list_consumers('c')$$, $$values ('c')$$, 'or one of them');
select advance('10 min');
select is(shown(), 'behind 0 -', 'with nothing to read a consumer is not stuck, however long it has not moved');
select jobs.append_event('s-1', 'a') as e1 \gset
select jobs.append_event('s-1', 'other') \g /dev/null
select jobs.append_event('t-1', 'a') \g /dev/null
select is(shown(), 'behind 1 00:00:00', 'what it has not read is counted, and how long the oldest of it waits');
select advance('59 s');
select jobs.append_event('s-1', 'a') as e2 \gset
select is(shown(), 'behind 2 00:00:59', 'a minute is no cause for alarm');
select advance('2 s');
select is(shown(), 'behind 2 00:01:01 stuck: has not moved for 00:11:01', 'more than that is');
select is((select stuck from jobs.list_consumers('c', '5 min')), false, 'if one does not say otherwise');
select is((select stuck from jobs.list_consumers('c', null)), false, 'or never');
select leased() as token \gset
select is((select leased_until from jobs.list_consumers('c')), jobs.now() + interval '30 s', 'a batch that is out is shown');
select is(shown(), 'behind 2 00:01:01 stuck: has not moved for 00:11:01', 'and has not moved it');
select jobs.ack('c', :e1, :token) \g /dev/null
select is(shown(), 'behind 1 00:00:02', 'an ack has');
select is((select moved_at from jobs.list_consumers('c')), jobs.now(), 'just now');
select jobs.nack('c', '{"type": "E", "message": "broken"}', '1 hour', :e2, :token) \g /dev/null
select is(shown(), 'behind 1 00:00:02 stuck: failed 1 times: broken', 'one that has failed is stuck at once');
select results_eq($$select failures, error, failed_pos, retry_at from jobs.list_consumers('c')$$,
  format($$values (1, '{"type": "E", "message": "broken"}'::jsonb, %s::bigint, jobs.now() + interval '1 hour')$$, :e2), 'with its error, where, and when it tries again');
select jobs.reset_consumer('c', 'now') \g /dev/null
select is(shown(), 'behind 0 -', 'reset it is not');

-- behind: positions, counted up to ten thousand
select jobs.create_consumer('jobs', 'now', job_events => true) \g /dev/null
select count(*) from jobs.enqueue_many('many', array_fill('{}'::jsonb, array[60])) \g /dev/null
select count(*) from jobs.claim('{default}', max_jobs => 60) \g /dev/null
select is((select behind from jobs.list_consumers('jobs')), 61::bigint, 'a transition of sixty jobs is one position');
select count(*) from jobs.append_events('s-2', (select jsonb_agg('{"type": "a"}'::jsonb) from generate_series(1, 10050))) \g /dev/null
select is((select behind from jobs.list_consumers('c')), 10000::bigint, 'ten thousand stand for that or more');

-- its next events are gone
select jobs.create_consumer('dead', 'beginning', '{job.*}') \g /dev/null
select jobs.complete(t) from unnest(tokens(array(select id from jobs.job_state where state = 'running'))) as t \g /dev/null
select advance('100 days');
select count(*) from jobs.prune() \g /dev/null
select matches((select why from jobs.list_consumers('dead')), '^its next events were pruned, up to \d+: reset it$', 'a consumer whose events are gone is stuck');
select is((select stuck from jobs.list_consumers('dead')), true, 'and says so');
select refuses($$select * from jobs.list_consumers('none')$$, 'JB004', 'one that there is not', 'no consumer none', 'create_consumer');
select is_consistent();
select * from finish();
