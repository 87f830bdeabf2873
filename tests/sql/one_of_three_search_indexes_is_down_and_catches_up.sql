\ir lib/setup.sql
select plan(22);
select stop_the_clock();

-- Three search indexes follow the orders, each with jobs of its own in a queue of its own. What an index has is a table.
create table document (index text, stream text, version bigint, total int, primary key (index, stream));
select jobs.subscribe('index.' || name, '{order.*}', kind => 'index.' || name, queue => name) from unnest('{elastic,solr,vespa}'::text[]) as name \g /dev/null
select jobs.configure_kind('index.' || name, max_attempts => 5) from unnest('{elastic,solr,vespa}'::text[]) as name \g /dev/null
create table down (index text);

-- A worker of one index: does whatever is ready, and fails if the index is down.
create function work(queue text) returns text language plpgsql as $$
declare
  _job record;
  _event jsonb;
  _outcomes text[] := '{}';
begin
  for _job in select * from jobs.claim(array[work.queue], max_jobs => 100) order by id loop
    if exists (select from down where index = work.queue) then
      _outcomes := _outcomes || jobs.fail(_job.token, '{"type": "ConnectionError", "message": "it is down"}');
    else
      _event := _job.args -> 'event';
      insert into document values (work.queue, _event ->> 'stream', (_event ->> 'version')::bigint, (_event #>> '{data,total}')::int)
      on conflict (index, stream) do update set version = excluded.version, total = excluded.total
      where document.version < excluded.version;
      _outcomes := _outcomes || jobs.complete(_job.token);
    end if;
  end loop;
  return (select string_agg(n || ' ' || o, ', ' order by o) from (select o, count(*) as n from unnest(_outcomes) as o group by o) as c);
end $$;
create function documents(index text) returns text language sql as $$
  select string_agg(d.stream || ' v' || d.version || ' ' || d.total, ', ' order by d.stream) from document d where d.index = documents.index $$;

insert into down values ('solr');
select jobs.append_event('order-1', 'order.placed', '{"total": 10}') \g /dev/null
select is((select count(*) from jobs.job), 3::bigint, 'one event is a job for each index');
select is(work('elastic'), '1 completed', 'the first index has it');
select is(work('solr'), '1 scheduled', 'the second is down: its job is to be tried again');
select is(work('vespa'), '1 completed', 'the third has it');
select jobs.append_event('order-1', 'order.changed', '{"total": 20}') \g /dev/null
select jobs.append_event('order-2', 'order.placed', '{"total": 30}') \g /dev/null
select is(array[work('elastic'), work('solr'), work('vespa')], '{2 completed,2 scheduled,2 completed}', 'and so it goes on');
select is(array[documents('elastic'), documents('vespa')], array_fill('order-1 v2 20, order-2 v1 30'::text, array[2]), 'two indexes are up to date');
select is(documents('solr'), null, 'the third has nothing');
select results_eq($$select name, state, waiting from jobs.list_subscriptions()$$,
  $$values ('index.elastic', 'live', 0::bigint), ('index.solr', 'live', 3), ('index.vespa', 'live', 0)$$, 'one sees which one waits');
select is((select array_agg(distinct l.error) from (select (select h.data -> 'error' from jobs.history(j.id) h where h.type = 'failed' order by h.pos desc limit 1) as error
  from jobs.job_state j where j.state = 'scheduled') as l), array['{"type": "ConnectionError", "message": "it is down"}'::jsonb], 'and why');

-- it stays down until a job has spent its attempts; another event comes meanwhile
select advance('2 s');
select work('solr') \g /dev/null
select jobs.append_event('order-3', 'order.placed', '{"total": 40}') \g /dev/null
select is(array[work('elastic'), work('vespa')], '{1 completed,1 completed}', 'the others never wait for it');
create function until_spent() returns void language plpgsql as $$
begin
  for _nth in 1..10 loop
    perform advance('1 hour');
    perform jobs.tick();
    perform work('solr');
  end loop;
end $$;
select until_spent() \g /dev/null
select is((select count(*) from jobs.job_state where kind = 'index.solr' and state = 'dead'), 4::bigint, 'jobs whose attempts are spent are dead');
select is((select count(*) from jobs.job_state where kind <> 'index.solr' and state <> 'completed'), 0::bigint, 'of this index only');
select jobs.append_event('order-3', 'order.changed', '{"total": 50}') \g /dev/null
select is(array[work('elastic'), work('solr'), work('vespa')], '{1 completed,1 scheduled,1 completed}', 'its next event is tried as if nothing had been');

-- it is back
delete from down;
select is((select count(*) from jobs.retry_many(kind => 'index.solr')), 4::bigint, 'its dead jobs are retried');
select is(work('solr'), '4 completed', 'and done');
select advance('1 hour');
select jobs.tick() \g /dev/null
select is(work('solr'), '1 completed', 'the one that waited, too');
select is(documents('solr'), documents('elastic'), 'it has caught up');
select is(documents('solr'), 'order-1 v2 20, order-2 v1 30, order-3 v2 50', 'with every event');
select is((select count(*) from jobs.job), 15::bigint, 'five events have become fifteen jobs');
select is((select count(*) from jobs.job_state where state <> 'completed'), 0::bigint, 'and all are done');
select results_eq($$select waiting from jobs.list_subscriptions()$$, $$values (0::bigint), (0), (0)$$, 'nothing waits');
select is_consistent();
select * from finish();
