\ir lib/setup.sql
select plan(44);
select stop_the_clock();

create function jobs_of(subscription text) returns text language sql as $$
  select string_agg(j.args #>> '{event,type}', ',' order by j.id) from jobs.job j
  where j.options #>> '{headers,subscription}' = jobs_of.subscription $$;
create function events_of(subscription text) returns bigint[] language sql as $$
  select array_agg((j.args #>> '{event,pos}')::bigint order by j.id) from jobs.job j
  where j.options #>> '{headers,subscription}' = events_of.subscription $$;

select jobs.append_event('order-0', 'order.placed') \g /dev/null
select is(jobs.subscribe('all'), 'created', 'a new name makes a subscription');
select is(jobs.subscribe('all'), 'unchanged', 'the same again does nothing');
select jobs.subscribe('placed', '{order.placed}', kind => 'mail', queue => 'mails', routing_key => 'eu') \g /dev/null
select jobs.subscribe('orders', '{order.*,invoice.sent}') \g /dev/null
select jobs.subscribe('any_sent', '{*.sent}') \g /dev/null
select jobs.subscribe('returns', category => 'return') \g /dev/null
select jobs.subscribe('both', '{*.placed}', 'return') \g /dev/null
select jobs.subscribe('literal', '{a_c,a%,50\\%.*}') \g /dev/null
select is((select count(*) from jobs.job), 0::bigint, 'what was there before makes no jobs');

select jobs.append_event('order-1', 'order.placed', '{"total": 5}', event_id => '00000000-0000-0000-0000-000000000001') as placed \gset
select jobs.append_event('order-1', 'order.sent') \g /dev/null
select jobs.append_event('invoice-1', 'invoice.sent') \g /dev/null
select jobs.append_event('return-1', 'return.placed') \g /dev/null
select jobs.append_event('return', 'return.closed') \g /dev/null
select jobs.append_event('returns-1', 'return.placed') \g /dev/null
select is(jobs_of('all'), 'order.placed,order.sent,invoice.sent,return.placed,return.closed,return.placed', 'no types and no category: every event, in order');
select is(jobs_of('placed'), 'order.placed', 'a type: its events');
select is(jobs_of('orders'), 'order.placed,order.sent,invoice.sent', 'patterns and types: those of each');
select is(jobs_of('any_sent'), 'order.sent,invoice.sent', 'an asterisk stands for anything, wherever it is');
select is(jobs_of('returns'), 'return.placed,return.closed', 'a category: its streams, not those of a longer name');
select is(jobs_of('both'), 'return.placed', 'type and category: both must match');
select is(jobs_of('literal'), null, 'no other character of a pattern means more than itself');
select jobs.append_event('x-1', t) from unnest('{abc,a_c,a%,50%.off,50\\%.off}'::text[]) as t \g /dev/null
select is(jobs_of('literal'), E'a_c,a%,50\\%.off', 'nor less');

-- the job
select id as job from jobs.job where options #>> '{headers,subscription}' = 'placed' \gset
select is(jobs.get(:job) ->> 'kind', 'mail', 'the job is of the subscription''s kind');
select is(jobs.get(:job) ->> 'queue', 'mails', 'in its queue');
select is(take(1, '{mails}', routing => '{us}'), '{}', 'with its routing key');
select is((select j.args from jobs.job j where j.id = :job),
  jsonb_build_object('event', (select to_jsonb(e) from jobs.read_stream('order-1') as e where e.pos = :placed)), 'its args are the event, as the reading functions return it');
select is((select e.data from jobs.read_stream('order-1') as e where e.pos = :placed), '{"total": 5}', 'and that is as it was appended');
select is((select kind from jobs.job_state where id = (select min(id) from jobs.job where options #>> '{headers,subscription}' = 'all')), 'all', 'without a kind, the kind has the name of the subscription');
select is((select j.queue from jobs.job_state j where id = (select min(id) from jobs.job where options #>> '{headers,subscription}' = 'all')), 'default', 'without a queue it is the kind''s');

-- headers
create function headers_of(event bigint) returns jsonb language sql as $$
  select j.options -> 'headers' from jobs.job j
  where j.options #>> '{headers,subscription}' = 'all' and (j.args #>> '{event,pos}')::bigint = headers_of.event $$;
select is(headers_of(:placed), '{"subscription": "all", "correlation_id": "00000000-0000-0000-0000-000000000001", "causation_id": "00000000-0000-0000-0000-000000000001"}',
  'headers name the subscription, and the event by its event_id as cause and as the beginning of what is correlated');
select jobs.append_event('h-1', 'h', headers => '{"traceparent": "00-ab", "tracestate": "s=1", "correlation_id": "c", "causation_id": "older", "tenant": 7}') as traced \gset
select is(headers_of(:traced), jsonb_build_object('subscription', 'all', 'traceparent', '00-ab', 'tracestate', 's=1', 'correlation_id', 'c', 'causation_id', :'traced'),
  'trace context and correlation go on, the cause is the event itself, by its position if it has no event_id');
select jobs.append_event('h-1', 'h', caused_by => (select id from jobs.job where (args #>> '{event,pos}')::bigint = :traced and options #>> '{headers,subscription}' = 'all')) as effect \gset
select is(headers_of(:effect) ->> 'correlation_id', 'c', 'from event to job to event to job the correlation is one');

-- with its transaction, or not at all
select count(*) as jobs from jobs.job \gset
begin;
select jobs.append_event('order-2', 'order.placed') \g /dev/null
select is((select count(*) from jobs.job), :jobs + 3::bigint, 'in the appending transaction');
rollback;
select is((select count(*) from jobs.job), :jobs::bigint, 'rolled back with it');
begin;
select jobs.append_event('order-2', 'order.placed') \g /dev/null
savepoint s;
select jobs.append_event('order-2', 'order.lost') \g /dev/null
rollback to s;
commit;
select ok(jobs_of('all') ~ 'order.placed$', 'or to a savepoint');
select jobs.append_event('order-1', 'order.placed', event_id => '00000000-0000-0000-0000-000000000001') \g /dev/null
select is((select count(*) from jobs.job), :jobs + 3::bigint, 'an append that was done before makes no job again');
select refuses($$select jobs.append_event('order-1', 'order.placed', expected_version => 9)$$, 'JB010', 'one that is refused');
select is((select count(*) from jobs.job), :jobs + 3::bigint, 'makes none either');
select count(*) from jobs.append_events('order-3', '[{"type": "order.placed"}, {"type": "x"}, {"type": "order.sent"}]') \g /dev/null
select ok(jobs_of('orders') ~ 'order.placed,order.sent$', 'of a list of events each one that matches');
select is((select count(*) from (select (e).* from jobs.stream_event e where stream = 'order-3') as e
  where not exists (select from jobs.job j where (j.args #>> '{event,pos}')::bigint = e.pos and j.options #>> '{headers,subscription}' = 'all')), 0::bigint, 'each with its own job');

-- changed
select is(jobs.subscribe('placed', '{order.cancelled}', kind => 'post', routing_key => 'us'), 'changed', 'what a subscription matches and makes may be changed');
select jobs.append_event('order-4', 'order.placed') \g /dev/null
select jobs.append_event('order-4', 'order.cancelled') \g /dev/null
select is(jobs_of('placed'), 'order.placed,order.placed,order.placed,order.cancelled', 'for what is appended from now on');
select is((select (kind, queue)::text from jobs.job_state where kind = 'post'), '(post,default)', 'its jobs are of the new kind, where that goes');
select is(jobs.subscribe('placed', '{order.cancelled}', kind => 'post', routing_key => 'us', from_position => 'beginning'), 'unchanged', 'where it began does not change');
select is((select count(*) from jobs.subscription where name = 'placed'), 1::bigint, 'it is one subscription');

-- the delay
select jobs.subscribe('later', '{slow}', delay => '1 hour') \g /dev/null
select jobs.append_event('s-1', 'slow') \g /dev/null
select max(id) as slow from jobs.job where options #>> '{headers,subscription}' = 'later' \gset
select is(jobs.get(:slow) ->> 'state', 'scheduled', 'a delayed subscription''s job waits');
select is((select run_at from jobs.scheduled where :slow = any(ids)), jobs.now() + interval '1 hour', 'so long after the append');
select is((select count(*) from jobs.read_all(types => '{slow}')), 1::bigint, 'while the event can be read at once');
select advance('1 hour');
select jobs.tick() \g /dev/null
select is(state(:slow), 'ready', 'and is ready then');

-- unsubscribe
select is(jobs.unsubscribe('all'), true, 'a subscription that was there is gone');
select is(jobs.unsubscribe('all'), false, 'once');
select cardinality(events_of('all')) as made \gset
select jobs.append_event('order-5', 'order.placed') as after \gset
select is((events_of('orders'))[cardinality(events_of('orders'))], :after::bigint, 'others go on');
select is(cardinality(events_of('all')), :made, 'it makes no more jobs, and those that it has made stay');
select is((select count(*) from jobs.job_state where kind = 'all' and state = 'ready'), :made::bigint, 'to be done');
select is_consistent();
select * from finish();
