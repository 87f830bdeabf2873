\ir lib/setup.sql
select plan(19);
select stop_the_clock();

create function row_of(name text) returns text language sql as $$
  select s.state || ' ' || s.behind || ' ' || s.waiting from jobs.list_subscriptions(row_of.name) as s $$;
select is_empty('select * from jobs.list_subscriptions()', 'none');
select jobs.subscribe('mails', '{order.*,x}', 'order', 'mail', 'outgoing', 'eu', delay => '5 min') \g /dev/null
select jobs.subscribe('all') \g /dev/null
select results_eq($$select * from jobs.list_subscriptions()$$, $$values
  ('all', null::text[], null, 'all', 'default', null, null::interval, 'live', 0::bigint, 0::bigint, jobs.now()),
  ('mails', '{order.*,x}', 'order', 'mail', 'outgoing', 'eu', '5 min', 'live', 0, 0, jobs.now())$$, 'what each one matches and makes, by name');
select results_eq($$select name from jobs.list_subscriptions('mails')$$, $$values ('mails')$$, 'or one of them');

select jobs.append_event('order-1', 'order.placed') \g /dev/null
select is(array[row_of('all'), row_of('mails')], '{live 0 1,live 0 1}', 'jobs that are ready or scheduled wait');
select token as claimed from jobs.claim('{default}') \gset
select is(row_of('all'), 'live 0 1', 'so do those that run');
select jobs.fail(:claimed, retry_in => '1 min') \g /dev/null
select is(row_of('all'), 'live 0 1', 'or are to be tried again');
select advance('5 min');
select jobs.tick() \g /dev/null
select jobs.complete(token) from jobs.claim() \g /dev/null
select jobs.fail(token, reason => 'aborted') from jobs.claim() \g /dev/null
select is(array[row_of('all'), row_of('mails')], '{live 0 0,live 0 0}', 'those that have ended do not');
select jobs.enqueue('all') \g /dev/null
select is(row_of('all'), 'live 0 1', 'jobs of its kind that it has not made are counted with them');
select array_agg(id) as ids from jobs.enqueue_many('all', array_fill('{}'::jsonb, array[70])) \gset
select count(*) from jobs.claim('{default}', max_jobs => 30) \g /dev/null
select is(row_of('all'), 'live 0 71', 'each job of a block and of a claim');
select jobs.enqueue('all', queue => 'elsewhere') \g /dev/null
select is(row_of('all'), 'live 0 71', 'but not those of another queue');

-- what lies behind
select jobs.pause(subscription => 'mails') \g /dev/null
select jobs.append_event('order-2', t) from unnest('{order.placed,order.sent,other}'::text[]) as t \g /dev/null
select jobs.append_event('return-2', 'order.placed') \g /dev/null
select is(row_of('mails'), 'paused 2 0', 'paused: how many events that match are no jobs yet');
select jobs.resume(subscription => 'mails') \g /dev/null
select is(row_of('mails'), 'live 0 2', 'resumed: none');
select count(*) from jobs.append_events('many-1', (select jsonb_agg('{"type": "m"}'::jsonb) from generate_series(1, 10500))) \g /dev/null
select jobs.subscribe('past', '{m}', from_position => 'beginning') \g /dev/null
select is(row_of('past'), 'catching_up 9500 1000', 'catching up');
select jobs.pause(subscription => 'past') \g /dev/null
update jobs.subscription set backfill_pos = 0 where name = 'past';
select is(row_of('past'), 'paused 10000 1000', 'counted up to ten thousand');
begin;
select row_of('past') \g /dev/null
select is(pg_current_xact_id_if_assigned(), null, 'to look writes nothing');
commit;

-- where its jobs go when its kind goes elsewhere
select jobs.configure_kind('all', queue => 'new') \g /dev/null
select is((select queue from jobs.list_subscriptions('all')), 'new', 'a queue that it does not name is its kind''s as that is now');
select refuses($$select * from jobs.list_subscriptions('none')$$, 'JB004', 'one that there is not', 'no subscription none', 'jobs.subscribe');
select jobs.unsubscribe('all') \g /dev/null
select results_eq($$select name from jobs.list_subscriptions()$$, $$values ('mails'), ('past')$$, 'nor one that has been ended');
select is_consistent();
select * from finish();
