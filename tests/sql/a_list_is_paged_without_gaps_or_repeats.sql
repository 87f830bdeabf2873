\ir lib/setup.sql
select plan(70);
select stop_the_clock();

-- jobs in every state, of two kinds in two queues, in blocks and alone
create procedure make(state text, n int) language plpgsql as $$
declare
  _ids bigint[];
  _id bigint;
begin
  for _nth in 1..n loop
    select array_agg(m.id) into _ids from jobs.enqueue_many(
      case when _nth % 3 = 0 then 'l' else 'k' end, array_fill('{}'::jsonb, array[case when _nth % 4 = 0 then 5 else 1 end]),
      queue => case when _nth % 5 = 0 then 'other' end, delay => case when state = 'scheduled' then (n - _nth) * interval '1 min' + '1 h' end) as m;
    continue when state in ('ready', 'scheduled');
    foreach _id in array _ids loop
      if state = 'cancelled' then
        perform jobs.cancel(_id, 'why');
      else
        perform claim_of(_id);
        case state
          when 'completed' then perform jobs.complete(token(_id));
          when 'dead' then perform jobs.fail(token(_id), reason => 'aborted');
          when 'skipped' then perform jobs.skip(token(_id), 'why');
          when 'discarded' then perform jobs.discard(token(_id));
          else null;
        end case;
      end if;
    end loop;
  end loop;
end $$;
create temporary table states as select * from unnest('{ready,scheduled,running,completed,dead,cancelled,skipped,discarded}'::text[]) as state;
do $$
declare _state text;
begin
  for _state in select state from states loop
    call make(_state, 12);
  end loop;
end $$;

-- all pages, of this size
create function pages(state text, queue text, kind text, size int) returns bigint[] language plpgsql as $$
declare
  _all bigint[] := '{}';
  _page bigint[];
  _after text;
begin
  loop
    select array_agg(l.id), (array_agg(l.cursor))[count(*)] into _page, _after
    from jobs.list(pages.state, pages.queue, pages.kind, _after, size) as l;
    exit when _page is null;
    _all := _all || _page;
  end loop;
  return _all;
end $$;
create function sorted(ids bigint[]) returns bigint[] language sql as $$ select coalesce(array_agg(i order by i), '{}') from unnest(ids) as i $$;

select is(sorted(pages(state, null, null, 7)), array(select s.id from jobs.job_state s where s.state = states.state order by 1),
  state || ': paged by 7, each job once') from states;
select is(pages(state, null, null, 1), pages(state, null, null, 1000), state || ': paged by 1, in the order of the whole') from states;
select is(sorted(pages(state, 'other', null, 2)), array(select s.id from jobs.job_state s where s.state = states.state and queue = 'other' order by 1),
  state || ': by queue') from states;
select is(sorted(pages(state, null, 'l', 2)), array(select s.id from jobs.job_state s where s.state = states.state and kind = 'l' order by 1),
  state || ': by kind') from states;
select is(sorted(pages(state, 'default', 'k', 3)), array(select s.id from jobs.job_state s where s.state = states.state and queue = 'default' and kind = 'k' order by 1),
  state || ': by both') from states;

-- the order
select is(pages(null, null, null, 9), array(select id from jobs.job order by id desc), 'without a state: newest first');
select is(pages('ready', 'default', 'k', 9), array(select id from jobs.job_state where state = 'ready' and queue = 'default' and kind = 'k' order by id), 'ready: longest first');
select is((select array_agg(run_at) from jobs.list('scheduled')), (select array_agg(run_at order by run_at) from jobs.job_state where state = 'scheduled'), 'scheduled: next due first');
select is((select array_agg(id) from jobs.list('running')), array(select id from jobs.job_state where state = 'running' order by since_pos), 'running: longest first');
select is((select array_agg(id) from jobs.list(state)), array(select s.id from jobs.job_state s where s.state = states.state order by since_pos desc), state || ': last ended first')
from states where state in ('completed', 'dead', 'cancelled', 'skipped', 'discarded');

-- its columns
select results_eq(format('select id, kind, queue, state, priority, attempt, run_at, created_at, at, reason from jobs.list(%L)', state),
  format('select id, kind, queue, state, priority, attempt, run_at, created_at, since, case when state <> ''completed'' then data ->> ''reason'' end
    from jobs.job_state where state = %L order by array_position(%L::bigint[], id)', state, pages(state, null, null, 100)),
  state || ': what is shown is what job_state has') from states;

-- a job that has changed state is only in its new one
select id as dead from jobs.list('dead', max_jobs => 1) \gset
select jobs.retry(:dead) \g /dev/null
select ok(:dead <> all(pages('dead', null, null, 100)), 'a retried job is no longer among the dead');
select ok(:dead = any(pages('ready', null, null, 100)), 'but among the ready');
select is((select count(*) from jobs.list()), 50::bigint, 'a page has 50 rows by default');
select is((select count(*) from jobs.list('dead', 'nowhere')), 0::bigint, 'a queue that does not exist has no jobs');
select refuses($$ select jobs.list('asleep') $$, 'JB002', 'an unknown state', 'asleep', 'ready, scheduled');
select refuses($$ select jobs.list(max_jobs => 0) $$, 'JB002', 'max_jobs 0', 'max_jobs is 0', '1 and 1000');
select refuses($$ select jobs.list(max_jobs => 1001) $$, 'JB002', 'max_jobs 1001', 'max_jobs is 1001', '1 and 1000');
select refuses($$ select jobs.list(max_jobs => null) $$, 'JB002', 'max_jobs null', 'max_jobs', '1 and 1000');
select refuses(format('select jobs.list(%L, after => %L)', state, after), 'JB002', format('no cursor of %s: %s', state, after), 'after', 'cursor of the last row')
from (values ('dead', 'x'), (null, '99999999999999999999'), ('scheduled', '1;drop'), ('ready', '1:x')) as v(state, after);
select is_consistent();
select * from finish();
