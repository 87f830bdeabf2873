\ir lib/setup.sql
select plan(52);
select stop_the_clock();

create function events_of(subscription text) returns bigint[] language sql as $$
  select coalesce(array_agg((j.args #>> '{event,pos}')::bigint order by j.id), '{}') from jobs.job j
  where j.options #>> '{headers,subscription}' = events_of.subscription $$;
create function numbers_of(subscription text) returns int[] language sql as $$
  select coalesce(array_agg((j.args #>> '{event,data}')::int order by j.id), '{}') from jobs.job j
  where j.options #>> '{headers,subscription}' = numbers_of.subscription $$;
create function step(subscription text, max_events int) returns text language sql as $$
  select made || case when more then ' and on' else ', the last' end from jobs.backfill(step.subscription, step.max_events) $$;
create function is_done(subscription text) returns boolean language sql as $$
  select s.backfill_pos is null from jobs.subscription s where s.name = is_done.subscription $$;
-- so many events of this type, whose data are numbers from `first` on
create function append(type text, count int, first int default 1, stream text default 's-1') returns bigint language sql as $$
  select max(pos) from jobs.append_events(append.stream,
    (select jsonb_agg(jsonb_build_object('type', append.type, 'data', n) order by n) from generate_series(first, first + count - 1) as n)) $$;

-- now, the beginning, a position
select append('a', 5) as last \gset
select pos as third from jobs.read_stream('s-1', 3, 1) \gset
select jobs.subscribe('now', '{a}') \g /dev/null
select jobs.subscribe('explicitly', '{a}', from_position => 'now') \g /dev/null
select is(jobs.subscribe('beginning', '{a}', from_position => 'beginning'), 'created', 'a subscription that begins at the beginning');
select is(jobs.subscribe('third', '{a}', from_position => :third), 'created', 'or after a position');
select is(jobs.subscribe('nothing', '{a}', from_position => 0), 'created', 'even the one before the first');
select is(jobs.subscribe('end', '{a}', from_position => (select last_value from jobs.pos_seq)), 'created', 'or the last one');
select is(events_of('now') || events_of('explicitly') || events_of('end'), '{}', 'now: what is there makes no jobs');
select is(numbers_of('beginning'), '{1,2,3,4,5}', 'the beginning: all that is there makes jobs at once, in order');
select is(numbers_of('nothing'), '{1,2,3,4,5}', 'after nothing: the same');
select is(numbers_of('third'), '{4,5}', 'after a position: what is after it');
select append('a', 2, 6) \g /dev/null
select is(array[numbers_of('now'), numbers_of('end')], '{{6,7},{6,7}}', 'then all get what is appended');
select is(array[numbers_of('beginning'), numbers_of('nothing')], '{{1,2,3,4,5,6,7},{1,2,3,4,5,6,7}}', 'once');
select is(numbers_of('third'), '{4,5,6,7}', 'each');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select ok(bool_and(backfill_pos is null), 'and after two ticks nothing is left to fill') from jobs.subscription;
select is(array[numbers_of('now'), numbers_of('end')], '{{6,7},{6,7}}', 'nor was anything doubled');
select is((select array_agg(args #> '{event,data}' order by id) from jobs.claim('{default}', max_jobs => 4, kinds => '{third}')), '{4,5,6,7}', 'and a worker gets them in order');

-- step by step, with appends between
select append('b', 2500, 1, 'b-1') \g /dev/null
select is(jobs.subscribe('long', '{b}', from_position => 'beginning'), 'created', 'a long past');
select is(cardinality(events_of('long')), 1000, 'makes a thousand jobs in the first step');
select is((select (state, behind)::text from jobs.list_subscriptions('long')), '(catching_up,1500)', 'and goes on');
select append('b', 3, 2501, 'b-1') \g /dev/null
select is(step('long', 300), '300 and on', 'a step makes as many as it may');
begin;
select is(step('long', 300), '300 and on', 'another one');
select is(cardinality(events_of('long')), 1600, 'in its transaction');
rollback;
select is(cardinality(events_of('long')), 1300, 'rolled back, none of it is there');
begin;
savepoint s;
select is(step('long', 300), '300 and on', 'nor to a savepoint');
rollback to s;
commit;
select is(step('long', 300), '300 and on', 'the next step makes the same again');
select append('b', 2, 2504, 'b-1') \g /dev/null
select is(step('long', 10000), '905, the last', 'the last one finds what was appended meanwhile, and says that it is the last');
select append('b', 2, 2506, 'b-1') \g /dev/null
select is(numbers_of('long'), array(select generate_series(1, 2507)), 'from there on appends make the jobs themselves: each event one job, all in order');
select is((select state from jobs.list_subscriptions('long')), 'live', 'it is live');
select is((is_done('long'), step('long', 10), is_done('long'))::text, '(f,"0, the last",f)', 'two more steps make sure that nothing was in flight');
select is((step('long', 10), is_done('long'))::text, '("0, the last",t)', 'then it is done');
select is(step('long', 10), null, 'and backfill has nothing to say of it');
select is(numbers_of('long'), array(select generate_series(1, 2507)), 'nothing was doubled');

-- a tick does it, in smaller steps
select jobs.subscribe('ticked', '{b}', from_position => 'beginning') \g /dev/null
select jobs.tick() \g /dev/null
select is(cardinality(events_of('ticked')), 1200, 'a tick fills 200');
select is((select (made, more)::text from jobs.backfill('ticked')), '(1000,t)', 'backfill a thousand, if it is not told otherwise');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(numbers_of('ticked'), array(select generate_series(1, 2507)), 'ticks alone come to the end');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(is_done('ticked'), true, 'and are done');
select jobs.tick() \g /dev/null
begin;
select jobs.tick() \g /dev/null
select is(pg_current_xact_id_if_assigned(), null, 'a tick then writes nothing');
commit;

-- all of them, in one call
select jobs.subscribe('x', '{b}', from_position => 'beginning') \g /dev/null
select jobs.subscribe('y', '{b}', from_position => 'beginning') \g /dev/null
select results_eq($$select * from jobs.backfill(max_events => 7)$$, $$values ('x', 7::bigint, true), ('y', 7, true)$$, 'without a name: a step for each that is not up to date');
select jobs.unsubscribe('x'), jobs.unsubscribe('y') \g /dev/null

-- a step that ends exactly at the end
select append('e', 4, 1, 'e-1') \g /dev/null
select jobs.subscribe('exact', '{e}', from_position => 'beginning') \g /dev/null
select jobs.unsubscribe('exact') \g /dev/null
select jobs.subscribe('exact', '{e}', from_position => 'now') \g /dev/null
select jobs.pause(subscription => 'exact') \g /dev/null
select append('e', 4, 5, 'e-1') \g /dev/null
update jobs.subscription set paused = false where name = 'exact';
select is(step('exact', 4), '4 and on', 'a step that is full does not know whether it was the last');
select is(step('exact', 4), '0, the last', 'the next one does');
select append('e', 1, 9, 'e-1') \g /dev/null
select is(numbers_of('exact'), '{1,2,3,4,5,6,7,8,9}', 'a name that was used before begins anew');

-- the delay counts from the append
select jobs.append_event('d-1', 'delayed') \g /dev/null
select advance('40 min');
select jobs.append_event('d-1', 'delayed') \g /dev/null
select advance('30 min');
select jobs.append_event('d-1', 'delayed') \g /dev/null
select jobs.subscribe('delayed', '{delayed}', from_position => 'beginning', delay => '1 hour') \g /dev/null
select is((select array_agg(s.state order by s.id) from jobs.job_state s where s.kind = 'delayed'), '{ready,scheduled,scheduled}', 'what was appended longer ago than the delay may run at once');
select is((select array_agg(run_at - jobs.now() order by run_at) from jobs.scheduled), '{30 min,1 hour}', 'the rest when its time has come');
select is((select array_agg((args #>> '{event,version}')::int order by id) from jobs.job where options #>> '{headers,subscription}' = 'delayed'), '{1,2,3}', 'in order');

-- types and category of the past
select jobs.append_event('p-1', 'p.a'), jobs.append_event('q-1', 'p.a'), jobs.append_event('p-1', 'p.b'), jobs.append_event('p', 'p.a') \g /dev/null
select jobs.subscribe('of p', '{*.a}', 'p', from_position => 'beginning') \g /dev/null
select is((select string_agg(args #>> '{event,stream}', ',' order by id) from jobs.job where options #>> '{headers,subscription}' = 'of p'), 'p-1,p', 'only what matches');

-- rare events among many
select append('common', 41000, 1, 'c-1') \g /dev/null
select append('rare', 1, 1, 'r-1') \g /dev/null
select append('common', 10, 1, 'c-2') \g /dev/null
select append('rare', 1, 2, 'r-1') \g /dev/null
select jobs.subscribe('rare', '{rare}', from_position => :last) \g /dev/null
select is(numbers_of('rare'), '{}', 'a step looks at 20000 events at most');
select is(step('rare', 10), '0 and on', 'and is worth repeating though it has made nothing');
select is(step('rare', 10), '2, the last', 'until the rare ones are found');
select append('rare', 1, 3, 'r-1') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select is(numbers_of('rare'), '{1,2,3}', 'all of them, once');
select is((select (state, behind)::text from jobs.list_subscriptions('rare')), '(live,0)', 'then it is live');

-- retention: what is gone was never there for who comes later
select jobs.configure_category('g', '1 hour', false) \g /dev/null
select append('g', 3, 1, 'g-1') as gone \gset
select advance('2 hours');
select append('g', 1, 4, 'g-2') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select jobs.subscribe('oldest', category => 'g', from_position => 'beginning') \g /dev/null
do $$ begin while exists (select from jobs.backfill('oldest') where more) loop end loop; end $$;
select is(numbers_of('oldest'), '{4}', 'the beginning is the oldest event that is there');
select jobs.subscribe('old', '{p.a}', from_position => 'beginning') \g /dev/null
do $$ begin while exists (select from jobs.backfill('old') where more) loop end loop; end $$;
select is((select count(*) from jobs.job where options #>> '{headers,subscription}' = 'old'), 3::bigint, 'also where that is older than what is gone of another category');
select refuses(format($$select jobs.subscribe('older', category => 'g', from_position => %s)$$, :gone - 1), 'JB011', 'a position before it is refused', 'gone', 'restart at', 'pruned up to');
select is_consistent();
select * from finish();
