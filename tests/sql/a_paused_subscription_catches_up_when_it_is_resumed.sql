\ir lib/setup.sql
select plan(28);
select stop_the_clock();

create function numbers_of(subscription text) returns int[] language sql as $$
  select coalesce(array_agg((j.args #>> '{event,data}')::int order by j.id), '{}') from jobs.job j
  where j.options #>> '{headers,subscription}' = numbers_of.subscription $$;
create function append(first int, last int) returns void language sql as $$
  select jobs.append_event('s-1', 't', to_jsonb(n)) from generate_series(first, last) as n $$;
create function state_of(subscription text) returns text language sql as $$
  select state || ', ' || behind || ' behind' from jobs.list_subscriptions(state_of.subscription) $$;

select jobs.subscribe('paused') \g /dev/null
select jobs.subscribe('other') \g /dev/null
select append(1, 2) \g /dev/null
select jobs.pause(subscription => 'paused') \g /dev/null
select is(state_of('paused'), 'paused, 0 behind', 'a paused subscription');
select append(3, 6) \g /dev/null
select is(numbers_of('paused'), '{1,2}', 'makes no jobs of what is appended');
select is(numbers_of('other'), '{1,2,3,4,5,6}', 'others do');
select is(state_of('paused'), 'paused, 4 behind', 'what it lacks is counted');
select is(cardinality(take(9, kinds => '{paused}')), 2, 'the jobs that it has made go on');
select is((select count(*) from jobs.backfill('paused')), 0::bigint, 'backfill leaves it alone');
select jobs.tick() \g /dev/null
select is(numbers_of('paused'), '{1,2}', 'and so does a tick');
select jobs.pause(subscription => 'paused') \g /dev/null
select append(7, 7) \g /dev/null
select is(state_of('paused'), 'paused, 5 behind', 'paused twice is paused');
select is(jobs.subscribe('paused', routing_key => 'eu'), 'changed', 'it may be changed');
select is(state_of('paused'), 'paused, 5 behind', 'and remains paused');

select jobs.resume(subscription => 'paused') \g /dev/null
select is(numbers_of('paused'), '{1,2,3,4,5,6,7}', 'once resumed it makes the jobs that it lacks, in order');
select is(state_of('paused'), 'live, 0 behind', 'and is live');
select append(8, 8) \g /dev/null
select is(numbers_of('paused'), '{1,2,3,4,5,6,7,8}', 'appends serve it again');
select jobs.resume(subscription => 'paused') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(numbers_of('paused'), numbers_of('other'), 'nothing is doubled by what looks after it, nor by resuming it again');
select is((select backfill_pos from jobs.subscription where name = 'paused'), null, 'nothing is left to fill');

-- again and again
select jobs.pause(subscription => 'paused') \g /dev/null
select append(9, 9) \g /dev/null
select jobs.resume(subscription => 'paused') \g /dev/null
select jobs.pause(subscription => 'paused') \g /dev/null
select append(10, 10) \g /dev/null
select jobs.pause(subscription => 'other') \g /dev/null
select append(11, 11) \g /dev/null
select is((select live from jobs.fan_out), false, 'with all of them paused appends look at none');
select jobs.resume(subscription => 'paused') \g /dev/null
select append(12, 12) \g /dev/null
select jobs.resume(subscription => 'other') \g /dev/null
select append(13, 13) \g /dev/null
select is(array[numbers_of('paused'), numbers_of('other')], array[array(select generate_series(1, 13)), array(select generate_series(1, 13))],
  'each event one job of each, however often they are paused');

-- in one transaction, and undone
begin;
select append(14, 14) \g /dev/null
select jobs.pause(subscription => 'paused') \g /dev/null
select append(15, 15) \g /dev/null
select jobs.resume(subscription => 'paused') \g /dev/null
select append(16, 16) \g /dev/null
commit;
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is((select array_agg(n order by n) from unnest(numbers_of('paused')) as n where n > 13), '{14,15,16}', 'paused and resumed among appends in one transaction');
begin;
select jobs.pause(subscription => 'paused') \g /dev/null
savepoint s;
select jobs.resume(subscription => 'paused') \g /dev/null
rollback to s;
select append(17, 17) \g /dev/null
rollback;
select append(17, 17) \g /dev/null
select is((select count(*) from unnest(numbers_of('paused')) as n where n = 17), 1::bigint, 'a pause that is undone was none');

-- while it catches up
select jobs.subscribe('late', from_position => 'beginning') \g /dev/null
select jobs.unsubscribe('late') \g /dev/null
select count(*) from jobs.append_events('s-2', (select jsonb_agg(jsonb_build_object('type', 't', 'data', n)) from generate_series(18, 1500) as n)) \g /dev/null
select jobs.subscribe('long', from_position => 'beginning', category => 's') \g /dev/null
select jobs.pause(subscription => 'long') \g /dev/null
select is(state_of('long'), 'paused, 500 behind', 'a subscription may be paused while it catches up');
select append(1501, 1501) \g /dev/null
select jobs.tick() \g /dev/null
select is(cardinality(numbers_of('long')), 1000, 'then it stays where it is');
select jobs.resume(subscription => 'long') \g /dev/null
select is(numbers_of('long'), array(select generate_series(1, 1501)), 'and goes on from there');

-- what a pause concerns
select jobs.pause(queue => 'default', kind => 'other', subscription => 'other') \g /dev/null
select is((select (jobs._is_paused(q.id), jobs._is_paused(null, k.id), s.paused)::text from jobs.queue q, jobs.kind k, jobs.subscription s where q.name = 'default' and k.name = 'other' and s.name = 'other'),
  '(t,t,t)', 'queue, kind and subscription may be paused at once');
select jobs.resume(queue => 'default') \g /dev/null
select is((select (jobs._is_paused(q.id), jobs._is_paused(null, k.id), s.paused)::text from jobs.queue q, jobs.kind k, jobs.subscription s where q.name = 'default' and k.name = 'other' and s.name = 'other'),
  '(f,t,t)', 'and are resumed each for itself');
select refuses($$select jobs.pause(subscription => 'none')$$, 'JB004', 'pause of a subscription that there is not', 'no subscription none', 'jobs.subscribe');
select refuses($$select jobs.resume(subscription => 'none')$$, 'JB004', 'resume, too', 'no subscription none', 'jobs.subscribe');
select refuses($$select jobs.pause()$$, 'JB002', 'a pause of nothing', 'given', 'subscription');
select is_consistent();
select * from finish();
