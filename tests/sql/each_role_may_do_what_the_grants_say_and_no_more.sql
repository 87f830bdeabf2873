\ir lib/setup.sql
select plan(60);

-- the verbs of each role; what is not here is for nobody
create table granted (role text, verb text);
insert into granted
select r, v from (values
  ('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[],
    '{now,_test_now,set_test_clock,backoff_delay,fingerprint,next_run,version,get,history,results,has_in_flight,read_stream,latest,load_snapshot,cloudevent}'::text[]),
  ('{jobs_producer,jobs_worker,jobs_operator}', '{enqueue,enqueue_many,cancel,cancel_many,append_event,append_events,save_snapshot}'),
  ('{jobs_worker}', '{claim,claim_job,claims_of,work,complete,complete_many,fail,fail_many,snooze,skip,discard,release,
    release_many,heartbeat,assert_claim,idle,register_worker,deregister_worker,poll,ack,nack}'),
  ('{jobs_worker,jobs_operator}', '{reset_stale_claims,tick,maintain,prune,subscribe,unsubscribe,backfill,create_consumer,
    schedule,unschedule,run_schedule}'),
  ('{jobs_reader,jobs_worker,jobs_operator}', '{list,stats,verify,read_all,read_category,last_pos,list_streams,list_consumers,list_subscriptions,
    list_schedules,schedule_history,list_queues,list_kinds,list_pauses,list_errors}'),
  ('{jobs_reader,jobs_worker,jobs_operator}', '{explain,health,_health_of,stats_by_kind,list_workers}'),
  ('{jobs_producer,jobs_worker,jobs_operator}', '{create_batch,close_batch,cancel_batch}'),
  ('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}', '{get_batch,batch_jobs}'),
  ('{jobs_reader,jobs_worker,jobs_operator}', '{list_batches}'),
  ('{jobs_operator}', '{pause,resume,configure_queue,configure_kind,configure_category,retry,retry_many,reset_consumer,
    delete_consumer}')) as g(roles, verbs)
cross join lateral unnest(roles) as r cross join lateral unnest(verbs) as v;

select set_eq(format($$ select p.proname::text from pg_proc p where pronamespace = 'jobs'::regnamespace
    and has_function_privilege(%L, p.oid, 'execute') $$, role),
  format('select verb from granted where role = %L', role), role || ' may execute its verbs and nothing else')
from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[]) as role;
select set_eq($$ select p.proname::text from pg_proc p where pronamespace = 'jobs'::regnamespace and p.proname !~ '^_' $$,
  'select verb from granted where verb !~ ''^_''', 'every public verb is granted to somebody');
select is_empty($$ select p.oid::regprocedure from pg_proc p cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as a
  where pronamespace = 'jobs'::regnamespace and a.grantee <> proowner and a.is_grantable $$, 'nobody may grant on');
select is_empty(format($$ select c.relname from pg_class c where relnamespace = 'jobs'::regnamespace and relkind in ('r', 'p') and
    has_table_privilege(%L, c.oid, 'select,insert,update,delete,truncate,references,trigger') $$, role), role || ' has no right on any table')
from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator,public}'::text[]) as role;
select is_empty(format($$ select c.relname from pg_class c where relnamespace = 'jobs'::regnamespace and
    case when relkind = 'S' then has_sequence_privilege(%L, c.oid, 'select,usage,update') end $$, role), role || ' has none on any sequence')
from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator,public}'::text[]) as role;
select set_eq(format($$ select c.relname::text from pg_class c where relnamespace = 'jobs'::regnamespace and relkind = 'v' and
    has_table_privilege(%L, c.oid, 'select') $$, role), views, role || ' reads the views ' || views::text)
from (values ('jobs_producer', '{}'::text[]), ('jobs_worker', '{job_event,job_state}'), ('jobs_reader', '{job_event,job_state}'),
  ('jobs_operator', '{job_event,job_state}'), ('public', '{}')) as v(role, views);
select is(has_schema_privilege('public', 'jobs', 'usage'), false, 'the schema is closed to everyone');
select is_empty(format($$ select 1 where has_schema_privilege(%L, 'jobs', 'create') $$, role), role || ' may make nothing in the schema')
from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator,public}'::text[]) as role;

-- the owner
select is((select array_agg(distinct proowner::regrole::text) from pg_proc where pronamespace = 'jobs'::regnamespace), '{jobs_owner}', 'jobs_owner owns every function');
select is((select array_agg(distinct relowner::regrole::text) from pg_class where relnamespace = 'jobs'::regnamespace), '{jobs_owner}', 'and every table');
select is((select (rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication)::text from pg_roles where rolname = 'jobs_owner'), '(f,f,f,f,f,f)',
  'it cannot log in and has no special rights');
select is_empty($$ select oid::regprocedure from pg_proc where pronamespace = 'jobs'::regnamespace and not prosecdef and proname !~ '^_'
  and proname not in ('now', 'version', 'health') $$, 'public verbs run with its rights');
select is_empty($$ select oid::regprocedure from pg_proc where pronamespace = 'jobs'::regnamespace and prosqlbody is null
  and not coalesce(proconfig, '{}') && array['search_path=pg_catalog, pg_temp', 'search_path="pg_catalog, pg_temp"'] $$,
  'under a search_path that nobody else can put anything into');
select is_empty($$ select oid::regprocedure from pg_proc where pronamespace = 'jobs'::regnamespace and prosecdef and proname ~ '^_' and proname not in ('_test_now', '_health_of') $$,
  'helpers do not');

-- what that means: a session of each role
begin;
create role tap_producer in role jobs_producer;
set local role tap_producer;
set local search_path = '';
select jobs.enqueue('k', '{"by": "producer"}', 'new queue', 42, delay => '1 s') as id \gset
select jobs.enqueue('k') as other \gset
select count(*) as n from jobs.enqueue_many('[{"kind": "another"}]') \gset
select jobs.get(:id) ->> 'state' as state, jobs.cancel(:other) as cancelled \gset
rollback;
select is(:'state' || :'cancelled' || :n, 'scheduledcancelled1', 'a producer enqueues, looks and cancels, also what is new');
grant usage on schema tap to public;
grant execute on all functions in schema tap to public;
create procedure try(as_role text, call text) language plpgsql as $$
begin
  perform set_config('test.state', 'none', false);
  execute format('set local role %I', as_role);
  begin
    execute call;
  exception when others then
    perform set_config('test.state', sqlstate, false);
  end;
  reset role;
end $$;
call try('jobs_producer', 'select jobs.claim()');
select is(current_setting('test.state'), '42501', 'a producer cannot claim');
call try('jobs_producer', 'select * from jobs.job');
select is(current_setting('test.state'), '42501', 'nor read the tables');
call try('jobs_worker', 'select jobs.pause(''default'')');
select is(current_setting('test.state'), '42501', 'a worker cannot pause');
call try('jobs_worker', 'select jobs.claim(max_jobs => 9)');
select is(current_setting('test.state'), 'none', 'it can claim');
call try('jobs_reader', 'select jobs.enqueue(''k'')');
select is(current_setting('test.state'), '42501', 'a reader cannot enqueue');
call try('jobs_reader', 'select jobs.stats(), jobs.list(), jobs.verify(), jobs.version(), (select count(*) from jobs.job_event), (select count(*) from jobs.job_state)');
select is(current_setting('test.state'), 'none', 'it can read');
call try('jobs_operator', 'select jobs.claim()');
select is(current_setting('test.state'), '42501', 'an operator cannot claim');
call try('jobs_operator', 'select jobs.pause(''default''), jobs.resume(''default''), jobs.prune(), jobs.maintain(), jobs.retry_many()');
select is(current_setting('test.state'), 'none', 'it can do what operators do');

-- the log
call try('jobs_operator', 'select jobs.subscribe(''s'', ''{t}'', kind => ''k''), jobs.configure_category(''order'', keep => ''1 day''), jobs.create_consumer(''c'', ''beginning'')');
select is(current_setting('test.state'), 'none', 'it makes subscriptions, consumers and policies');
call try('jobs_producer', 'select jobs.append_event(''order-1'', ''t'') from jobs.append_events(''order-1'', ''[{"type": "t"}]'')');
select is(current_setting('test.state'), 'none', 'a producer appends');
select is((select count(*) from jobs.list('ready', kind => 'k') as l where job(l.id) #>> '{args,event,stream}' = 'order-1'), 2::bigint, 'and what is subscribed happens, with rights that it has not');
call try('jobs_producer', 'select jobs.save_snapshot(''order-1'', 1, ''{}''), jobs.load_snapshot(''order-1''), jobs.cloudevent(e), jobs.latest(''order-1'') from jobs.read_stream(''order-1'') as e');
select is(current_setting('test.state'), 'none', 'it reads a stream that it knows, and keeps its state');
call try('jobs_producer', 'select jobs.read_all()');
select is(current_setting('test.state'), '42501', 'it cannot read all');
call try('jobs_producer', 'select jobs.subscribe(''mine'')');
select is(current_setting('test.state'), '42501', 'nor subscribe');
call try('jobs_reader', 'select jobs.cloudevent(e), jobs.read_category(''order''), jobs.list_streams(), jobs.latest(''order-1''), jobs.list_consumers(), jobs.list_subscriptions(), jobs.last_pos() from jobs.read_all() as e');
select is(current_setting('test.state'), 'none', 'a reader reads everything');
call try('jobs_reader', 'select jobs.append_event(''order-1'', ''t'')');
select is(current_setting('test.state'), '42501', 'and appends nothing');
call try('jobs_reader', 'select jobs.poll(''c'')');
select is(current_setting('test.state'), '42501', 'nor moves a consumer');
call try('jobs_worker', 'select jobs.ack(''c'', max(pos)) from jobs.poll(''c'')');
select is(current_setting('test.state'), 'none', 'a worker does');
call try('jobs_worker', 'select jobs.reset_consumer(''c'', ''beginning'')');
select is(current_setting('test.state'), '42501', 'but sets none back');
call try('jobs_operator', 'select jobs.reset_consumer(''c'', ''beginning''), jobs.delete_consumer(''c'')');
select is(current_setting('test.state'), 'none', 'an operator does');

-- schedules
call try('jobs_worker', 'select jobs.schedule(''s'', ''* * * * *''), jobs.run_schedule(''s''), jobs.schedule(''t'', ''1 hour''), jobs.unschedule(''t'')');
select is(current_setting('test.state'), 'none', 'a worker declares schedules');
call try('jobs_worker', 'select jobs.pause(schedule => ''s'')');
select is(current_setting('test.state'), '42501', 'but pauses none');
call try('jobs_operator', 'select jobs.pause(schedule => ''s''), jobs.resume(schedule => ''s'')');
select is(current_setting('test.state'), 'none', 'an operator does');
call try('jobs_reader', 'select jobs.next_run(''* * * * *''), jobs.list_schedules(), jobs.schedule_history(''s'')');
select is(current_setting('test.state'), 'none', 'a reader looks at them');
call try('jobs_producer', 'select jobs.run_schedule(''s'')');
select is(current_setting('test.state'), '42501', 'a producer has nothing to do with them');
select is_consistent();
select * from finish();
