\ir lib/setup.sql
select plan(3);

-- nobody has ticked: what the first one's jobs have done to the log must not stop the second
select count(*) from jobs.append_events('order-1', (select jsonb_agg('{"type": "a"}'::jsonb) from generate_series(1, 1005))) \g /dev/null
select jobs.subscribe('one', '{a}', from_position => 'beginning') \g /dev/null
select jobs.subscribe('two', '{a}', from_position => 'beginning') \g /dev/null
select results_eq('select name, made, more from jobs.backfill(max_events => 3)', $$values ('one', 3::bigint, true), ('two', 3::bigint, true)$$, 'each takes a step');
select results_eq('select name, made, more from jobs.backfill(max_events => 3)', $$values ('one', 2::bigint, false), ('two', 2::bigint, false)$$, 'and the last one');
select is_consistent();
select * from finish();
