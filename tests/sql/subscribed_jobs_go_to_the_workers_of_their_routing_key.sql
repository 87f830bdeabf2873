\ir lib/setup.sql
select plan(17);

create function taken(routing text[], max_jobs int default 9) returns text language sql as $$
  select coalesce(string_agg(c.headers ->> 'subscription', ',' order by c.id), '') from jobs.claim('{default}', max_jobs => taken.max_jobs, routing => taken.routing) as c $$;
select jobs.subscribe('any', '{e}') \g /dev/null
select jobs.subscribe('eu', '{e}', routing_key => 'eu') \g /dev/null
select jobs.subscribe('us', '{e}', routing_key => 'us') \g /dev/null
select jobs.append_event('s-1', 'e') \g /dev/null
begin;
select is(taken(null), 'any,eu,us', 'without a filter: every subscription''s job');
rollback;
begin;
select is(taken('{eu}'), 'eu', 'a key: only the job that is routed there');
select is(taken('{eu}'), '', 'once');
rollback;
begin;
select is(taken('{}'), 'any', 'no key: only what is unrouted');
rollback;
begin;
select is(taken('{us,eu}'), 'eu,us', 'some keys: those');
rollback;
begin;
select is(taken('{us,null}'), 'any,us', 'a key and none: both');
rollback;
select is(taken('{mars}'), '', 'a key that nothing is routed to');
select is(taken('{us}', 1), 'us', 'one job of one queue, by its key');
select is(taken('{}', 1), 'any', 'or unrouted');
select is(taken(null, 1), 'eu', 'or any');

-- the routing key is the subscription's as it is when the event is appended
select is(jobs.subscribe('eu', '{e}', routing_key => 'de'), 'changed', 'a subscription''s routing key may be changed');
select is(jobs.subscribe('us', '{e}'), 'changed', 'or taken away');
select jobs.append_event('s-1', 'e') \g /dev/null
select is(taken('{eu,us}'), '', 'then its jobs do not go where they went');
select is(taken('{de}'), 'eu', 'but there');
select is(taken('{}'), 'any,us', 'or to those who take what is unrouted');
select jobs.append_event('s-2', 'e') \g /dev/null
select jobs.subscribe('past', '{e}', routing_key => 'de', from_position => 'beginning') \g /dev/null
select is(taken('{de}'), 'eu,past,past,past', 'a backfill''s jobs are routed, too');
select is_consistent();
select * from finish();
