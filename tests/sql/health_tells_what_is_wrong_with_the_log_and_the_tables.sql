\ir lib/setup.sql
select plan(21);
select stop_the_clock();
create function health(name text) returns text language sql as $$ select h.status || ': ' || h.saw from jobs.health() as h where h.name = health.name $$;

-- schedules
select jobs.schedule('broken', '1 hour', kind => 'k', args => '{}'), jobs.schedule('fine', '1 hour', kind => 'k') \g /dev/null
select is(health('schedules'), 'ok: 2 schedules, all in order', 'they wait for their time');
update jobs.schedule set kind = '' where name = 'broken';
select advance('61 min');
select is(health('schedules'), 'warning: past their time by up to 1 min: broken, fine', 'nobody makes their jobs');
select jobs.tick() \g /dev/null
select is(health('schedules') ~ '^warning: the last time made no job: broken: ', true, 'one fails, and says why');
select jobs.pause(schedule => 'broken') \g /dev/null
select is(health('schedules'), 'ok: 1 schedule, all in order', 'a paused one does not count');
select is(health('paused'), 'ok: paused: schedule broken', 'it is listed');
select jobs.unschedule('broken'), jobs.unschedule('fine') \g /dev/null

-- subscriptions and consumers
select jobs.append_event('order-1', 'placed') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.create_consumer('billing', 'beginning') \g /dev/null
select is(health('consumers'), 'ok: 1 consumer, and none is stuck', 'a consumer that has just begun');
select advance('11 min');
select is(health('consumers') ~ '^warning: stuck: billing has not moved for ', true, 'it does not move');
select advance('2 hours');
select is(health('consumers') ~ '^critical: stuck: billing has not moved for ', true, 'for long');
select jobs.delete_consumer('billing') \g /dev/null
select jobs.subscribe('index', '{placed}', from_position => 'now') \g /dev/null
select is(health('subscriptions'), 'ok: 1 subscription, and none lags', 'a subscription that is served');
update jobs.subscription set live = '{}', backfill_pos = 0, settle_pos = null;
select is(health('subscriptions'), 'critical: events of 2 h 11 min ago are no jobs yet: index', 'one that lags');
select jobs.pause(subscription => 'index') \g /dev/null
select is(health('subscriptions') ~ '^ok', true, 'one that is paused lags on purpose');
select jobs.unsubscribe('index') \g /dev/null

-- partitions
select is(health('partitions') ~ '^ok: 99% of the newest partition is free$', true, 'a partition is ahead');
select setval('jobs.pos_seq', 14000000) \g /dev/null
select is(health('partitions'), 'warning: 16% of the newest partition is free', 'it is nearly full, and nobody makes another');
select jobs.maintain() \g /dev/null
select is(health('partitions') ~ '^ok', true, 'maintain does');
select setval('jobs.pos_seq', 1::bigint << 41) \g /dev/null
select jobs.enqueue('k') \g /dev/null
select is(health('partitions'), 'critical: no partition is left, and everything goes to the overflow; rows are in the overflow of job', 'past the last one');
select jobs.maintain() \g /dev/null
select is(health('partitions') ~ '^warning: \d+% of the newest partition is free; rows are in the overflow of job$', true, 'what has gone there stays');

-- numbers that end
select is(health('ids') ~ '^ok: used: 6% of the positions, ', true, 'how much is used');
select setval('jobs.pos_seq', (1::bigint << 45) / 100 * 55) \g /dev/null
select is(health('ids') ~ '^warning: used: 54% of the positions', true, 'over half is worth a warning');
select setval('jobs.pos_seq', (1::bigint << 45) / 100 * 80) \g /dev/null
select is(health('ids') ~ '^critical: used: 79% of the positions', true, 'three quarters are critical');

-- vacuum
alter table jobs.lease set (autovacuum_enabled = off);
select is(health('autovacuum'), 'warning: off: for lease', 'autovacuum is off for a table');
alter table jobs.lease reset (autovacuum_enabled);
select is(health('autovacuum'), 'ok: it is on', 'and on again');
select * from finish();
