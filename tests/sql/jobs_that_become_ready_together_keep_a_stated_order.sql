\ir lib/setup.sql
select plan(12);
select stop_the_clock();

-- Jobs of one queue by name: 'a1' is the first of kind a.
create temporary table named (id bigint, name text);
create function enqueue(name text, queue text, delay interval default null) returns void
language sql as $$
  insert into named
  select jobs.enqueue(left(enqueue.name, 1), queue => enqueue.queue, delay => enqueue.delay, max_attempts => 9), enqueue.name
$$;
create function enqueue_each(names text[], queue text) returns void
language sql as $$ select enqueue(n, enqueue_each.queue) from unnest(names) as n $$;
create function claimed(queue text, max_jobs int default 99, kinds text[] default null) returns text
language sql as $$
  select string_agg(n.name, ' ' order by t.nth)
  from unnest(take(max_jobs, array[queue], kinds)) with ordinality as t(id, nth) join named n on n.id = t.id
$$;
-- The tokens of these jobs, in the order of the names.
create function tokens(names text) returns bigint[]
language sql as $$
  select array_agg(token(n.id) order by u.nth)
  from unnest(string_to_array(names, ' ')) with ordinality as u(name, nth) join named n on n.name = u.name
$$;

-- claims that are given back
select enqueue_each('{a1,b1,a2,b2,a3}', 'released');
select is(claimed('released', 1, '{b}') || ' ' || claimed('released'), 'b1 a1 a2 b2 a3', 'two claims: the second job, then the others');
select count(*) from jobs.release_many(tokens('a3 b2 a2 a1 b1')) \g /dev/null
select is(claimed('released'), 'b1 a1 a2 a3 b2', 'released in one call: claim by claim, of each kind by kind');

select enqueue_each('{c1,d1,c2,d2,c3}', 'lost');
select is(claimed('lost', 1, '{d}') || ' ' || claimed('lost'), 'd1 c1 c2 d2 c3', 'the same for');
select advance('31 s');
select count(*) from jobs.reset_stale_claims() \g /dev/null
select is(claimed('lost'), 'd1 c1 c2 c3 d2', 'lost leases that are reset in one call');

-- each by itself
select enqueue_each('{e1,f1,e2,f2,e3}', 'failed');
select is(claimed('failed', 1, '{f}') || ' ' || claimed('failed'), 'f1 e1 e2 f2 e3', 'the same for');
select count(*) from jobs.fail_many(tokens('e3 f2 e2 e1 f1'), retry_in => array_fill(interval '0', array[5])) \g /dev/null
select is(claimed('failed'), 'f1 e1 e2 f2 e3', 'failed in one call: by token, which is the order in which they were claimed');
select jobs.fail(token, reason => 'rejected') from unnest(tokens('e3 f2 e1')) as token \g /dev/null
select jobs.retry_many(queue => 'failed') \g /dev/null
select is(claimed('failed'), 'e3 f2 e1', 'retried in one call: the oldest death first');

-- due at the same tick
select enqueue(name, 'due', delay) from (values
  ('g1', interval '5 s'), ('h1', '2 s'), ('g2', '1 s'), ('h2', '4 s'), ('i1', '3 s'), ('g3', '1 min')) as v(name, delay);
select advance('5 s');
select jobs.tick() \g /dev/null
select is(claimed('due'), 'g1 g2 h1 h2 i1', 'due at one tick: by time, but those of a kind together, at the place of the earliest');

select enqueue('l1', 'equal', '9 s'), enqueue('m1', 'equal', '5 s'), enqueue('l2', 'equal', '5 s') \g /dev/null
select advance('9 s');
select jobs.tick() \g /dev/null
select is(claimed('equal'), 'm1 l1 l2', 'of equal times the one that was scheduled first is the earliest');

-- In each of 20 kinds a job is snoozed beyond the time of 60 younger ones, whose block becomes one of 60 and one of 1:
-- both begin at the same time.
create temporary table straddling as
select k, c.id as snoozed, e.ids
from generate_series(1, 20) as k
cross join lateral (select jobs.enqueue('s' || k, queue => 'straddling') as id) as o
cross join lateral (select token, id from jobs.claim_job(o.id)) as c
cross join lateral (
  select array_agg(m.id order by m.ord) as ids
  from jobs.enqueue_many('s' || k, array_fill('{}'::jsonb, array[60]), queue => 'straddling',
    delay => (1 + k * 7 % 20) * interval '1 s') as m) as e
cross join lateral (select jobs.snooze(c.token, delay => '30 s') where e.ids is not null) as s;
select advance('30 s');
select jobs.tick() \g /dev/null
create temporary table came as
select u.id, u.nth from unnest(take(2000, '{straddling}')) with ordinality as u(id, nth);
select is((select array_agg(k order by k) from straddling s
    where s.ids <> (select array_agg(c.id order by c.nth) from came c where c.id = any(s.ids))), null,
  'jobs of one call that are due together keep their order');
select is((select array_agg(k order by first) from (
    select s.k, min(c.nth) as first from straddling s join came c on c.id = any(s.ids) group by 1) as f),
  (select array_agg(k order by k * 7 % 20, k) from straddling), 'and the calls that of their times');
select is_consistent();
select * from finish();
