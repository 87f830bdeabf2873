\ir lib/setup.sql
select plan(11);

select jobs.enqueue('k') as a \gset
select jobs.enqueue('k', depends_on => array[:a]::bigint[]) as b \gset
select jobs.create_batch() as batch \gset
select jobs.enqueue('k', batch => :batch) as c \gset
select jobs.enqueue('k', batch => :batch) as d \gset
select jobs.complete(claim_of(:c)) \g /dev/null
select jobs.close_batch(jobs.create_batch()) \g /dev/null
select jobs.create_batch() \g /dev/null
select is_consistent();

create function damage(what text) returns text language plpgsql as $$
declare
  _found text;
begin
  execute what;
  select coalesce(string_agg(distinct v.problem, '; ' order by v.problem), 'nothing') into _found from jobs.verify() as v;
  raise exception '%', _found;
exception when raise_exception then
  return sqlerrm;
end $$;

select is(damage('delete from jobs.waiter where ord is not null'), 'blocked, and nothing is waited for', 'a blocked job without its wait');
select is(damage('delete from jobs.dependency where waiter = ' || :b), 'a wait that is over', 'one without what it waits for');
select is(damage('update jobs.dependency set outcome = ''completed'' where waiter = ' || :b), 'a wait that is over', 'or that was not told of its end');
select is(damage(format('select jobs._unblock(jobs._withdraw(s), ''ready'', null, null) from jobs.job_state s where id = %s', :b)),
  'a wait of a job that is not blocked', 'a job that went on by another way');
select is(damage('update jobs.dependency set outcome = ''completed'' where job = ' || :d), 'a wait that is over', 'a batch without a pending job');
select is(damage('update jobs.dependency set outcome = null where job = ' || :c), 'a wait for a job that has ended', 'a job that ended unseen');
select is(damage('update jobs.batch set finished_at = now() where id = ' || :batch), 'a finished batch that waits', 'a batch that was finished too early');
select is(damage('delete from jobs.waiter where id = ' || :batch), 'a batch that cannot be finished', 'a batch without its wait');
select is(damage('select 1'), 'nothing', 'nothing else');
select is_consistent();
select * from finish();
