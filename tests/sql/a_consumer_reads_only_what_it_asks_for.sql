\ir lib/setup.sql
select plan(30);
select stop_the_clock();

-- first, as a session keeps how it has understood a function
set standard_conforming_strings = off;
set escape_string_warning = off;
select is(jobs._patterns(array[E'a_\\%*']), array[E'a\\_\\\\\\%%'], 'patterns mean the same whatever the session makes of backslashes');
set standard_conforming_strings = on;

create function reads(types text[], category text, job_events boolean, max_events int default 1000) returns text language plpgsql as $$
begin
  perform jobs.delete_consumer('r');
  perform jobs.create_consumer('r', 'beginning', reads.types, reads.category, reads.job_events);
  return (select string_agg(p.type || '@' || split_part(p.stream, '-', 1), ' ' order by p.nth)
    from jobs.poll('r', reads.max_events) with ordinality as p(token, pos, at, stream, version, type, schema_version, event_id, headers, data, nth));
end $$;
select jobs.append_event('order-1', 'order.placed') \g /dev/null
select jobs.enqueue('k') as job \gset
select jobs.append_event('order-1', 'order.sent') \g /dev/null
select jobs.append_event('return-1', 'order.placed') \g /dev/null
select jobs.fail(claim_of(:job), reason => 'aborted') \g /dev/null
select jobs.append_event('return-1', 'return.closed') \g /dev/null

select is(reads(null, null, null), 'order.placed@order job.enqueued@job order.sent@order order.placed@return job.claimed@job job.dead@job return.closed@return', 'everything, in one order');
select is(reads(null, null, false), 'order.placed@order order.sent@order order.placed@return return.closed@return', 'only users'' events');
select is(reads(null, null, true), 'job.enqueued@job job.claimed@job job.dead@job', 'only jobs'' events');
select is(reads('{order.placed}', null, null), 'order.placed@order order.placed@return', 'a type');
select is(reads('{order.*}', null, null), 'order.placed@order order.sent@order order.placed@return', 'a pattern');
select is(reads('{order.sent,return.*}', null, null), 'order.sent@order return.closed@return', 'several');
select is(reads('{order.sent,job.dead}', null, null), 'order.sent@order job.dead@job', 'users'' and jobs'' types');
select is(reads('{job.*}', null, null), 'job.enqueued@job job.claimed@job job.dead@job', 'all of jobs'' types');
select is(reads('{*d}', null, null), 'order.placed@order job.enqueued@job order.placed@return job.claimed@job job.dead@job return.closed@return', 'a pattern of both');
select is(reads('{*d}', null, false), 'order.placed@order order.placed@return return.closed@return', 'of users'' only');
select is(reads('{*d}', null, true), 'job.enqueued@job job.claimed@job job.dead@job', 'of jobs'' only');
select is(reads(null, 'return', null), 'order.placed@return return.closed@return', 'a category');
select is(reads('{order.*}', 'return', null), 'order.placed@return', 'a type of a category');
select is(reads(null, 'job', null), 'job.enqueued@job job.claimed@job job.dead@job', 'the category of jobs');
select is(reads('{none.*}', null, null), null, 'a type that there is not');
select is(reads('{order.*}', null, true), null, 'users'' types of jobs'' events: nothing');
select is(reads(null, null, null, 3), 'order.placed@order job.enqueued@job order.sent@order', 'so many positions at most');

-- names are what they say
select jobs.append_event('x-1', t) from unnest('{a_c,abc,a%,50\\%,A_C}'::text[]) as t \g /dev/null
select is(reads('{a_c}', 'x', null), 'a_c@x', 'an underscore is one');
select is(reads('{a%}', 'x', null), 'a%@x', 'a percent sign is one');
select is(reads('{"50\\*"}', 'x', null), '50\%@x', 'and so is a backslash');

-- the jobs of one transition share a position, and are never torn apart
select count(*) from jobs.enqueue_many('many', array_fill('{}'::jsonb, array[50])) \g /dev/null
select count(*) from jobs.claim('{default}', kinds => '{many}', max_jobs => 50) \g /dev/null
select jobs.create_consumer('claims', 'beginning', '{job.claimed}') \g /dev/null
select is((select count(*) || ' of ' || count(distinct pos) from jobs.poll('claims', 1)), '1 of 1', 'the first position has one job');
select jobs.reset_consumer('claims', (select max(pos) - 1 from jobs.read_all(types => '{job.claimed}'))) \g /dev/null
select is((select count(*) || ' of ' || count(distinct pos) from jobs.poll('claims', 1)), '50 of 1', 'the next one fifty');

-- what is changed is read from where the consumer is
select jobs.create_consumer('c', 'beginning', '{order.sent}') \g /dev/null
begin;
select pos as sent from jobs.poll('c') \gset
select jobs.ack('c', :sent) \g /dev/null
commit;
select jobs.append_event('order-2', 'order.late') as late \gset
select jobs.create_consumer('c', 'now', '{order.*}') \g /dev/null
select is((select array_agg(pos) from jobs.poll('c')), array[:late]::bigint[], 'from then on it reads what it asks for now');

-- rare types: the cursor goes on without events, before the distance grows
select jobs.create_consumer('rare', 'now', '{rare}') \g /dev/null
select pos as start from jobs.list_consumers('rare') \gset
select setval('jobs.pos_seq', (select last_value + 9000 from jobs.pos_seq)) \g /dev/null
select is_empty($$select * from jobs.poll('rare')$$, 'nothing for it');
select is((select pos from jobs.list_consumers('rare')), :start::bigint, 'it stays while that is near');
select setval('jobs.pos_seq', (select last_value + 2000 from jobs.pos_seq)) as last \gset
select is_empty($$select * from jobs.poll('rare')$$, 'nothing yet');
select is((select pos from jobs.list_consumers('rare')), :last::bigint, 'once that is over 10000 positions away, it has gone on');
select jobs.append_event('r-1', 'rare') as rare \gset
select is((select array_agg(pos) from jobs.poll('rare')), array[:rare]::bigint[], 'and misses nothing by it');
select is_consistent();
select * from finish();
