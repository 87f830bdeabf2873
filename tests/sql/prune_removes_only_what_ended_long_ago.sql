\ir lib/setup.sql
select plan(26);
select stop_the_clock();

-- a job in each state, twice: in a queue with the default ages and in one that keeps nothing for long
select jobs.configure_queue('short', keep => '1 hour', keep_dead => '2 hours') \g /dev/null
create temporary table made as
select q, s, jobs.enqueue('k', queue => q, delay => case when s = 'scheduled' then interval '1 year' end) as id
from unnest('{default,short}'::text[]) as q cross join unnest('{ready,scheduled,running,completed,dead,cancelled,skipped,discarded}'::text[]) as s;
do $$
declare m record;
begin
  for m in select * from made where s not in ('ready', 'scheduled') loop
    if m.s = 'cancelled' then perform jobs.cancel(m.id); continue; end if;
    perform claim_of(m.id);
    case m.s when 'completed' then perform jobs.complete(token(m.id)); when 'dead' then perform jobs.fail(token(m.id), reason => 'aborted');
      when 'skipped' then perform jobs.skip(token(m.id)); when 'discarded' then perform jobs.discard(token(m.id)); else null; end case;
  end loop;
end $$;
create function pruned(n int default 10000) returns text language sql as $$
  select coalesce(string_agg(p.state || ' ' || p.jobs, ', ' order by p.state), '') from jobs.prune(n) as p $$;
create function gone(q text) returns text[] language sql as $$ select coalesce(array_agg(m.s order by m.s), '{}') from made m where m.q = gone.q and jobs.get(m.id) is null $$;

select is(pruned(), '', 'nothing is old');
select advance('1 hour');
select is(pruned(), '', 'nor is it at the very age');
select advance('1 second');
select is(pruned(), 'cancelled 1, completed 1, discarded 1, skipped 1', 'beyond keep: what did not die');
select is(gone('short'), '{cancelled,completed,discarded,skipped}', 'of the queue that keeps it an hour');
select is(gone('default'), '{}', 'and of no other');
select advance('1 hour');
select is(pruned(), 'dead 1', 'beyond keep_dead: the dead');
select advance('6 days 22 hours');
select is(pruned(), 'cancelled 1, completed 1, discarded 1, skipped 1', 'after 7 days, by default');
select advance('82 days 23 hours 59 minutes');
select is(pruned(), '', 'the dead stay');
select advance('1 minute');
select is(pruned(), 'dead 1', 'for 90 days');
select advance('10 years');
select is(pruned(), '', 'what has not ended is never pruned');
select is(gone('default') || gone('short'), '{cancelled,completed,dead,discarded,skipped,cancelled,completed,dead,discarded,skipped}', 'however old it is');
select is((select array_agg(distinct state(id)) from made where s in ('ready', 'scheduled', 'running')), '{ready,running,scheduled}', 'nor changed');
select is((select count(*) from jobs.ready) + (select count(*) from jobs.lease) + (select count(*) from jobs.scheduled), 6::bigint, 'all can still run');

-- age counts from the end, not from the enqueuing
select jobs.enqueue('k', queue => 'short') as late \gset
select advance('1 day');
select jobs.complete(claim_of(:late)) \g /dev/null
select is(pruned(), '', 'an old job that ended just now stays');
select advance('30 minutes');
select jobs.retry(:late) \g /dev/null
select jobs.complete(claim_of(:late)) \g /dev/null
select advance('31 minutes');
select is(pruned(), '', 'a retry begins anew');
select advance('30 minutes');
select is(pruned(), 'completed 1', 'then it goes');

-- in parts
select jobs.configure_queue('parts', keep => '1 hour') \g /dev/null
select array_agg(m.id order by m.id) as ids from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[10]), queue => 'parts') as m \gset
select count(*) from jobs.complete_many(array(select token from jobs.claim('{parts}', max_jobs => 100))) \g /dev/null
select advance('2 hours');
select is(pruned(4) , 'completed 4', 'max_jobs bounds it');
select is((select min(id) from jobs.job where id = any(:'ids'::bigint[])), (:'ids'::bigint[])[5], 'the oldest go first');
select is(pruned(0), '', 'none means none');
select is(pruned(4), 'completed 4', 'call it again');
select is(pruned(4), 'completed 2', 'until it has nothing to say');
select is(pruned(), '', 'as now');
select refuses('select jobs.prune(-1)', 'JB002', 'max_jobs -1', 'max_jobs is -1', 'at least');
select refuses(format('select jobs.cancel(%s)', :late), 'JB004', 'a pruned job can no longer be cancelled', 'no job', 'pruned');
select refuses(format('select jobs.retry(%s)', :late), 'JB004', 'nor retried', 'no job', 'pruned');
select is_consistent();
select * from finish();
