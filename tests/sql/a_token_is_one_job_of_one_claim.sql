\ir lib/setup.sql
select plan(31);
select stop_the_clock();

select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[60])) \g /dev/null
select jobs.register_worker('w') as worker \gset
create temporary table held as select c.*, row_number() over () as nth from jobs.claim(null, :'worker', 60) as c;
select is((select count(distinct token) from held), 60::bigint, 'each job of a claim has a token of its own');
select is((select count(distinct token >> 6) from held), 1::bigint, 'the upper bits are the claim');
select is((select array_agg(token & 63 order by token) from held), array(select generate_series(0::bigint, 59)),
  'the lower six the slot');
select is((select token >> 18 from held where nth = 1), (select e.pos from jobs.event e where type = 'claimed'),
  'above the random bits stands the position of the claimed event');
select is((select array_agg((token, id, kind, queue, args, headers, attempt, max_attempts, priority, timeout, created_at)::text
    order by token) from jobs.claims_of(:'worker')),
  (select array_agg((token, id, kind, queue, args, headers, attempt, max_attempts, priority, timeout, created_at)::text
    order by token) from held), 'claims_of returns them as claim did');
select is((select count(*) from jobs.claims_of(gen_random_uuid())), 0::bigint, 'a worker that holds nothing has no claims');
select is((select count(*) from jobs.claims_of(null)), 0::bigint, 'nor has no worker');

-- what is not this token is refused
select token as token, id from held where nth = 1 \gset
create temporary table forged (name text, token bigint);
insert into forged values
  ('null', null), ('zero', 0), ('minus one', -1), ('the greatest', 9223372036854775807), ('the least', '-9223372036854775808'),
  ('one with other random bits', :token # (1 << 6)), ('one with the highest random bit turned', :token # (1 << 17)),
  ('one of another position', :token + (1 << 18)), ('a slot that the claim does not have', :token | 60),
  ('slot 63', :token | 63);
select refuses(format('select jobs.complete(%L)', token), 'JB001', 'complete refuses as a token: ' || name, 'stale claim', 'Roll back')
from forged;
select is(
  (select array_agg(distinct status) from jobs.fail_many((select array_agg(token) from forged))), '{stale}',
  'fail_many calls each of them stale');
select is(
  (select array_agg(distinct status) from jobs.heartbeat((select array_agg(token) from forged where token is not null))),
  '{lost}', 'heartbeat calls each of them lost');
select is(
  (select array_agg(distinct status) from jobs.complete_many((select array_agg(token) from forged where token is not null))),
  '{stale}', 'complete_many calls each of them stale');
select is(
  (select array_agg(distinct status) from jobs.release_many((select array_agg(token) from forged where token is not null))),
  '{stale}', 'release_many calls each of them stale');
select is((select count(*) from jobs.claims_of(:'worker')), 60::bigint, 'and the claim is as it was');

-- the next claim of the same job
select is(jobs.release(:token), 'ready', 'a token is good once');
select token as again from jobs.claim_job(:id) \gset
select isnt(:again, :token, 'the same job claimed again has another token');
select refuses(format('select jobs.complete(%s)', :token), 'JB001', 'and the old one is refused', 'stale claim', 'Roll back');
select is(jobs.complete(:again), 'completed', 'while the new one is accepted');
select is((select count(*) from jobs.claims_of(:'worker')), 59::bigint, 'claims_of no longer shows what has ended');
select count(*) from jobs.complete_many((select array_agg(token) from jobs.claims_of(:'worker'))) \g /dev/null
select is((select count(*) from jobs.claims_of(:'worker')), 0::bigint, 'and is empty when all has');

-- the random bits
select count(*) from (select jobs.enqueue('k') from generate_series(1, 200)) as e \g /dev/null
create temporary table random_bits as select (c.token >> 6) & 4095 as bits 
from generate_series(1, 200) as i cross join lateral jobs.claim(max_jobs => least(i, 1)) as c;
select cmp_ok((select count(distinct bits) from random_bits), '>', 150::bigint, 'of 200 claims few share their random bits');
select is(array[(select bit_or(bits) from random_bits), (select bit_and(bits) from random_bits)], '{4095,0}',
  'and each of the 12 bits varies');
select is_consistent();
select * from finish();
