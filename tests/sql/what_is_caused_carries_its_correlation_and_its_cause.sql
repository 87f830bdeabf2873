\ir lib/setup.sql
select plan(25);
select stop_the_clock();
create function event_headers(pos bigint) returns jsonb language sql as $$ select e.headers from jobs.stream_event e where e.pos = event_headers.pos $$;
create function job_headers(id bigint) returns jsonb language sql as $$ select j.options -> 'headers' from jobs.job j where j.id = job_headers.id $$;
create function job_of(event bigint) returns bigint language sql as $$ select j.id from jobs.job j where (j.args #>> '{event,pos}')::bigint = job_of.event $$;

-- from job to event to job to event
select jobs.enqueue('import', headers => '{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "user": "ann"}') as import \gset
select jobs.subscribe('mail', '{order.*}', kind => 'mail') \g /dev/null
select jobs.append_event('order-1', 'order.placed', caused_by => :import) as placed \gset
select is(event_headers(:placed), format('{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "correlation_id": "%s", "causation_id": "%s"}', :import, :import)::jsonb,
  'an event of a job: its trace, its id as correlation and cause, nothing else of its headers');
select is(job_headers(job_of(:placed)), format('{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "correlation_id": "%s", "causation_id": "%s", "subscription": "mail"}', :import, :placed)::jsonb,
  'a job of that event: the same correlation, the event as its cause');
select jobs.append_event('mail-1', 'mail.sent', caused_by => job_of(:placed), event_id => '00000000-0000-0000-0000-00000000000a') as sent \gset
select is(event_headers(:sent), format('{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "correlation_id": "%s", "causation_id": "%s"}', :import, job_of(:placed))::jsonb,
  'an event of that job: the same correlation, the job as its cause');
select jobs.append_event('order-2', 'order.again', caused_by => :sent) as again \gset
select is(event_headers(:again) ->> 'causation_id', '00000000-0000-0000-0000-00000000000a', 'an event that has an id is named by it');
select is(event_headers(:again) ->> 'correlation_id', :import::text, 'the correlation is still that of the first');
select is(job_headers(job_of(:again)) ->> 'causation_id', :again::text, 'one that has none by its position');

-- what has no headers
select jobs.enqueue('plain') as plain \gset
select jobs.append_event('a-1', 't', caused_by => :plain) as a \gset
select is(event_headers(:a), format('{"correlation_id": "%s", "causation_id": "%s"}', :plain, :plain)::jsonb, 'a job without headers is correlation and cause');
select jobs.append_event('a-1', 't') as b \gset
select jobs.append_event('a-1', 't', caused_by => :b) as c \gset
select is(event_headers(:b), null, 'an event without a cause has no headers');
select is(event_headers(:c), format('{"correlation_id": "%s", "causation_id": "%s"}', :b, :b)::jsonb, 'and is correlation and cause itself');
select jobs.append_event('order-3', 'order.placed') as d \gset
select is(job_headers(job_of(:d)), format('{"correlation_id": "%s", "causation_id": "%s", "subscription": "mail"}', :d, :d)::jsonb, 'also for its jobs');

-- under the headers that are given
select jobs.append_event('a-2', 't', headers => '{"traceparent": "mine", "user": "bob", "correlation_id": "c"}', caused_by => :import) as own \gset
select is(event_headers(:own), format('{"traceparent": "mine", "tracestate": "v=1", "user": "bob", "correlation_id": "c", "causation_id": "%s"}', :import)::jsonb, 'what is given goes before what is inherited');
select jobs.append_event('a-2', 't', headers => '{"user": "bob"}') as without \gset
select is(event_headers(:without), '{"user": "bob"}', 'without a cause headers are as given');
select jobs.append_event('a-2', 't', caused_by => :own) as next \gset
select is(event_headers(:next) ->> 'correlation_id', 'c', 'a correlation id of one''s own goes on');
select is(event_headers(:next) ->> 'user', null, 'other headers do not');

-- lists
select array_agg(l.pos order by l.ord) as list from jobs.append_events('a-3', '[{"type": "x"}, {"type": "y", "headers": {"user": "eve"}}]', caused_by => :import) as l \gset
select is(event_headers((:'list'::bigint[])[1]) ->> 'causation_id', :import::text, 'each of a list has the cause');
select is(event_headers((:'list'::bigint[])[2]), format('{"traceparent": "00-ab-cd-01", "tracestate": "v=1", "user": "eve", "correlation_id": "%s", "causation_id": "%s"}', :import, :import)::jsonb, 'and its own headers');
select is((select array_agg(type order by version) from jobs.read_stream('a-3')), '{x,y}', 'in order');

-- a cause must be there
begin;
select jobs.enqueue('gone') as gone \gset
select jobs.append_event('a-4', 't', caused_by => :gone) as within \gset
select event_headers(:within) ->> 'causation_id' as cause \gset
rollback;
select is(:'cause'::text, :gone::text, 'in its own transaction it is');
select refuses(format('select jobs.append_event(''a-4'', ''t'', caused_by => %s)', :gone), 'JB004', 'it was never committed', format('there is no event %s', :gone), 'never committed');
select refuses($$ select jobs.append_events('a-4', '[{"type": "x"}]', caused_by => 987654321) $$, 'JB004', 'of a list', 'there is no event 987654321', 'pruned');
select is((select count(*) from jobs.read_stream('a-4')), 0::bigint, 'and nothing is appended');
select jobs.append_event('a-5', 't', event_id => '00000000-0000-0000-0000-0000000000a5', caused_by => :import) as first \gset
select is(jobs.append_event('a-5', 't', event_id => '00000000-0000-0000-0000-0000000000a5', caused_by => :plain), :first::bigint, 'a repeated event keeps its first cause');
select is(event_headers(:first) ->> 'causation_id', :import::text, 'as here');

-- and a reader finds them
select is((select array_agg(e.type order by e.pos) from jobs.read_all() as e where e.headers ->> 'correlation_id' = :import::text),
  '{order.placed,job.enqueued,mail.sent,order.again,job.enqueued,x,y,t}', 'all that one job has caused is found by its correlation');
select is((select count(*) from jobs.read_all() as e where e.stream = format('job-%s', :import)), 1::bigint, 'the job itself by its stream');
select * from finish();
