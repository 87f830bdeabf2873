\ir lib/setup.sql
select plan(29);
select stop_the_clock();
create function horizon() returns bigint language sql as $$ select coalesce(max(c.pruned_pos), 0) from jobs.category c where c.name = 'job' $$;

-- a job that dies, users' events before, between and after, a job that stays
select jobs.append_event('order-1', 't') \g /dev/null
select jobs.enqueue('k') as old \gset
select jobs.enqueue('k', delay => '1000 days') as stays \gset
select jobs.append_event('order-1', 't') as between \gset
select jobs.fail(claim_of(:old), reason => 'aborted') \g /dev/null
select max(pos) as dead from jobs.event \gset
select jobs.append_event('order-1', 't') as after \gset
select jobs.create_consumer('deaths', :between, '{job.dead}') \g /dev/null
select jobs.create_consumer('orders', '0', '{order.*,t}') \g /dev/null
select jobs.create_consumer('late', :dead) \g /dev/null
select lives_ok('select * from jobs.read_all(0)', 'from 0 while nothing is pruned');
select is((select count(*) from jobs.read_all(types => '{job.*}')), 4::bigint, 'four transitions');
select advance('91 days');
select is((select jobs from jobs.prune()), 1::bigint, 'the dead job goes');
select cmp_ok(horizon(), '>=', :old::bigint, 'that is noted');
select cmp_ok(horizon(), '<', :after::bigint, 'and no more than that');

-- whoever has yet to read of it is told, others are not
select refuses(format('select * from jobs.%s', call), 'JB011', call, 'are gone', 'restart at', format('^pruned up to %s$', horizon()))
from unnest(array['read_all(0)', 'read_all(0, types => ''{job.dead}'')', 'read_all(0, types => ''{order.*,job.enqueued}'')', 'read_all(0, job_events => true)', 'read_category(''job'', 0)', format('read_all(%s)', :old - 1)]) as call;
select lives_ok(format('select * from jobs.%s', call), call)
from unnest(array['read_all()', 'read_category(''job'')', 'read_all(0, job_events => false)', 'read_all(0, types => ''{order.*}'')', 'read_category(''order'', 0)', 'read_stream(''order-1'', 1)',
  format('read_all(%s)', horizon()), format('read_all(%s)', :dead)]) as call;
select is((select count(*) from jobs.read_all() as e where e.type = 'job.enqueued'), 1::bigint, 'from the beginning: what is there');
select is((select array_agg(e.version order by e.pos) from jobs.read_all(job_events => false) as e), '{1,2,3}', 'users'' events are all there');
select is((select count(*) from jobs.poll('orders', 100)), 3::bigint, 'a consumer of users'' events reads on');
select lives_ok('select * from jobs.poll(''late'')', 'so does one that is past it');

-- no death is passed over in silence: it is there to be read, or its reader is told
create function deaths(after bigint) returns text language plpgsql as $$
begin
  return (select count(*) from jobs.read_all(after, types => '{job.dead}'));
exception when sqlstate 'JB011' then
  return 'told';
end $$;
select matches(deaths(p), '^(1|told)$', 'a reader at ' || p) from unnest(array[0, :between, :dead - 1]) as p;
select is(deaths(:dead), '0', 'after it there is none');
select jobs.append_event('order-1', 't') from generate_series(1, 3) \g /dev/null
select jobs.cancel(:stays) \g /dev/null
select max(pos) as cancelled from jobs.event \gset
select advance('8 days');
select count(*) from jobs.prune() \g /dev/null
select is((select count(*) from jobs.job), 0::bigint, 'the last job goes as well');
select is(deaths(:dead - 1), 'told', 'with all that is known of the other');
select * from finish();
