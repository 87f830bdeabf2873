\ir lib/setup.sql
select plan(17);
select stop_the_clock();

create function append(stream text) returns bigint language sql as $$ select jobs.append_event(append.stream, 'a') $$;
create function batch(name text) returns bigint[] language sql as $$
  select coalesce(array_agg(p.pos order by p.pos), '{}') from jobs.poll(batch.name) as p $$;

-- a consumer keeps its events, and so does a subscription that has not caught up
select jobs.configure_category('s', '1 day', false) \g /dev/null
select append('s-1') as e1 \gset
select append('s-1') as e2 \gset
select append('kept-1') as kept \gset
select jobs.create_consumer('slow', 'beginning', category => 's') \g /dev/null
select jobs.create_consumer('other', 'beginning', category => 'kept') \g /dev/null
begin;
select pos as done from jobs.poll('slow', 1) \gset
select jobs.ack('slow', :done) \g /dev/null
commit;
select advance('2 days');
select count(*) from jobs.prune() \g /dev/null
select is((select array_agg(pos) from jobs.read_category('s')), array[:e2]::bigint[], 'what a consumer has done goes when it is old, what it has not done stays');
select is(batch('slow'), array[:e2]::bigint[], 'it misses nothing');
select jobs.subscribe('sub', '{a}', 's') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select jobs.pause(subscription => 'sub') \g /dev/null
select append('s-2') as e3 \gset
select jobs.reset_consumer('slow', 'now') \g /dev/null
select advance('2 days');
select count(*) from jobs.prune() \g /dev/null
select is((select array_agg(pos) from jobs.read_category('s')), array[:e3]::bigint[], 'nor does an event go that a paused subscription has yet to make a job of');
select jobs.resume(subscription => 'sub') \g /dev/null
select is((select count(*) from jobs.job where (args #>> '{event,pos}')::bigint = :e3), 1::bigint, 'which it does once it is resumed');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select is_empty($$select * from jobs.read_category('s')$$, 'then it goes');

-- a position that is gone
select refuses($$select jobs.create_consumer('late', 1, category => 's')$$, 'JB011', 'a consumer cannot begin there', 'events after position 1 are gone', 'restart at ' || :e3, 'pruned up to ' || :e3);
select refuses($$select jobs.reset_consumer('slow', 1)$$, 'JB011', 'nor be moved there', 'events after position 1 are gone', 'restart at ' || :e3, 'pruned up to ' || :e3);
select is(jobs.create_consumer('late', 'beginning', category => 's'), 'created', 'the beginning is what is there');
select is(batch('late'), '{}', 'which is nothing');
select is(batch('other'), array[:kept]::bigint[], 'a consumer of another category is not concerned');
select jobs.reset_consumer('other', 'beginning') \g /dev/null
select is(jobs.create_consumer('other', 'now', category => 's'), 'changed', 'one that is changed to read what is gone');
select refuses($$select * from jobs.poll('other')$$, 'JB011', 'is told by its next poll', 'events after position 0 are gone', 'restart at ' || :e3, 'pruned up to ' || :e3);
select is((select array[stuck::text, why] from jobs.list_consumers('other')), array['true', format('its next events were pruned, up to %s: reset it', :e3)], 'and by list_consumers');
select jobs.reset_consumer('other', 'beginning') \g /dev/null
select append('s-3') as e4 \gset
select is(batch('other'), array[:e4]::bigint[], 'until it is reset');

-- jobs' events go with their jobs
select jobs.create_consumer('jobs', 'now', '{job.*}') \g /dev/null
select jobs.complete(claim_of(jobs.enqueue('k'))) \g /dev/null
select advance('30 days');
select jobs.complete(claim_of(jobs.enqueue('k'))) \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select refuses($$select * from jobs.poll('jobs')$$, 'JB011', 'a consumer of jobs'' events that is slower than their retention is told', 'are gone', 'restart at', 'pruned up to');

-- a log that is younger than the consumer: an older backup
select jobs.create_consumer('ahead', 'now', '{a}') \g /dev/null
update jobs.consumer_cursor set pos = 10000000 where consumer_id = (select id from jobs.consumer where name = 'ahead');
select refuses($$select * from jobs.poll('ahead')$$, 'JB011', 'a consumer ahead of the log is told', 'position 10000000 is ahead', 'Restart at', 'the last position is');
select is_consistent();
select * from finish();
