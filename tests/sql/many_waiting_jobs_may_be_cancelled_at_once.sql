\ir lib/setup.sql
select plan(21);

create procedure fill() language plpgsql as $$
begin
  perform jobs.enqueue_many('k', array_fill('{}'::jsonb, array[70]), queue => 'a');
  perform jobs.enqueue_many('k', array_fill('{}'::jsonb, array[10]), queue => 'b');
  perform jobs.enqueue_many('l', array_fill('{}'::jsonb, array[10]), queue => 'a');
  perform jobs.enqueue_many('k', array_fill('{}'::jsonb, array[70]), queue => 'a', delay => '1 hour');
end $$;
create function waiting() returns jsonb language sql as $$
  select coalesce(jsonb_object_agg(q, n), '{}') from (
    select s.queue || ' ' || s.kind || ' ' || s.state as q, count(*) as n from jobs.job_state s
    where s.state in ('ready', 'scheduled') group by 1) as c $$;

call fill();
select is(jobs.cancel_many('a', 'l', 'why'), 10::bigint, 'by queue and kind');
select is(waiting(), '{"a k ready": 70, "b k ready": 10, "a k scheduled": 70}', 'only those');
select is((select array_agg(distinct job(id) ->> 'reason') from jobs.job_state where kind = 'l'), '{why}', 'each with the reason');
select is(jobs.cancel_many('a', max_jobs => 5), 5::bigint, 'up to max_jobs');
select is(waiting(), '{"a k ready": 65, "b k ready": 10, "a k scheduled": 70}', 'in the middle of a block');
select is(jobs.cancel_many('a', max_jobs => 5), 5::bigint, 'and again');
select is(take(3, '{a}'), array(select i + 10 from (select min(id) from jobs.job) as m(i) union all
  select i + 11 from (select min(id) from jobs.job) as m(i) union all select i + 12 from (select min(id) from jobs.job) as m(i)),
  'the oldest first');
select is(jobs.cancel_many('a', max_jobs => 60), 60::bigint, 'across blocks and into those that are scheduled');
select is(waiting(), '{"b k ready": 10, "a k scheduled": 67}', 'exactly so many');
select is(jobs.cancel_many('a', max_jobs => 5), 5::bigint, 'in the middle of a scheduled block');
select is(jobs.cancel_many(kind => 'k'), 72::bigint, 'by kind, in all queues');
select is(waiting(), '{}', 'nothing waits any more');
select is(jobs.cancel_many(kind => 'k'), 0::bigint, 'then it is 0');
select is((select count(*) from jobs.job_state where state = 'running'), 3::bigint, 'running jobs are left');
select is((select count(*) from jobs.job_state where state = 'cancelled'), 157::bigint, 'all others are cancelled');
select is(jobs.cancel_many('nowhere'), 0::bigint, 'a queue that does not exist has no jobs');
select is(jobs.cancel_many('a', 'nothing'), 0::bigint, 'nor has a kind');
select refuses('select jobs.cancel_many()', 'JB002', 'neither queue nor kind', 'neither', 'Say which');
select refuses('select jobs.cancel_many(''a'', max_jobs => -1)', 'JB002', 'max_jobs -1', 'max_jobs is -1', 'at least|between');
select refuses('select jobs.cancel_many(''a'', max_jobs => null)', 'JB002', 'max_jobs null', 'max_jobs', 'at least|between');
select is_consistent();
select * from finish();
