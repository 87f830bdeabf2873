\ir lib/setup.sql
select plan(27);
select stop_the_clock();

-- fail, cancel, ignore; and those behind them
select jobs.enqueue('k') as a \gset
select jobs.enqueue('k') as b \gset
select jobs.enqueue('k', depends_on => array[:a, :b]::bigint[]) as fails \gset
select jobs.enqueue('k', depends_on => array[:b, :a]::bigint[], on_dependency_failure => 'cancel') as cancels \gset
select jobs.enqueue('k', depends_on => array[:b, :a]::bigint[], on_dependency_failure => 'ignore') as ignores \gset
select jobs.enqueue('k', depends_on => array[:fails]::bigint[]) as second \gset
select jobs.enqueue('k', depends_on => array[:second]::bigint[], on_dependency_failure => 'cancel') as third \gset
select jobs.enqueue('k', depends_on => array[:third, :cancels]::bigint[], on_dependency_failure => 'ignore') as fourth \gset
select jobs.fail(claim_of(:a), reason => 'aborted') \g /dev/null
select is(state(:fails), 'dead', 'by default it is dead, at once');
select is(job(:fails) ->> 'reason', 'dependency', 'its reason');
select is(job(:fails) -> 'error' ->> 'message', format('it depends on job %s, which is dead', :a), 'its error names the job');
select is(state(:cancels), 'cancelled', 'or it is cancelled');
select is(job(:cancels) ->> 'reason', format('it depends on job %s, which is dead', :a), 'its reason names the job');
select is(state(:ignores), 'blocked', 'or waits on for the others');
select is(state(:second), 'dead', 'those behind it as well');
select is(state(:third), 'cancelled', 'each by its own policy');
select is(state(:fourth), 'ready', 'one that ignores it goes on');
select is_consistent();
select jobs.complete(claim_of(:b)) \g /dev/null
select is(state(:ignores), 'ready', 'one that ignored it runs when all have ended');
select is((select count(*) from jobs.waiter) + (select count(*) from jobs.dependency), 0::bigint, 'nothing is left of the waits');

-- other ends than death
select jobs.enqueue('k') as c \gset
select jobs.enqueue('k', depends_on => array[:c]::bigint[]) as after_cancel \gset
select jobs.cancel(:c) \g /dev/null
select is(state(:after_cancel), 'dead', 'a cancelled prerequisite has failed');
select jobs.enqueue('k') as d \gset
select jobs.enqueue('k', depends_on => array[:d]::bigint[]) as after_discard \gset
select jobs.discard(claim_of(:d)) \g /dev/null
select is(state(:after_discard), 'dead', 'so has a discarded one');

-- ended before
select jobs.enqueue('k', depends_on => array[:a]::bigint[]) as late \gset
select is(state(:late), 'dead', 'one that failed before counts at once');
select jobs.enqueue('k', depends_on => array[:a]::bigint[], on_dependency_failure => 'cancel') as late_cancel \gset
select is(state(:late_cancel), 'cancelled', 'by its policy');
select jobs.enqueue('k', depends_on => array[:a]::bigint[], on_dependency_failure => 'ignore') as late_ignore \gset
select is(state(:late_ignore), 'ready', 'or not');

-- on_dead, and retry, which asks for nothing more
select jobs.configure_kind('k', on_dead => 'died');
select jobs.enqueue('other') as e \gset
select jobs.enqueue('k', depends_on => array[:e]::bigint[]) as f \gset
select jobs.fail(claim_of(:e), reason => 'aborted') \g /dev/null
select is((select j.args -> 'job' ->> 'id' from jobs.job j join jobs.kind k on k.id = j.kind_id where k.name = 'died')::bigint, :f::bigint, 'its death is told as any other');
select is(jobs.retry(:f), 'ready', 'retried, it waits for nothing');
select is(state(:f), 'ready', 'and can be claimed');

-- a blocked job is cancelled itself
select jobs.enqueue('other') as g \gset
select jobs.enqueue('k', depends_on => array[:g]::bigint[]) as h \gset
select jobs.enqueue('k', depends_on => array[:h]::bigint[]) as i \gset
select is(jobs.cancel(:h), 'cancelled', 'a blocked job is cancelled');
select is(state(:i), 'dead', 'and has failed for those behind it');
select jobs.complete(claim_of(:g)) \g /dev/null
select is(state(:h), 'cancelled', 'its prerequisite ends afterwards: nothing happens');
select is((select count(*) from jobs.waiter) + (select count(*) from jobs.dependency), 0::bigint, 'nothing is left of the waits');

-- a long chain falls without recursion
do $$
declare _id bigint;
begin
  _id := jobs.enqueue('first');
  for _n in 1..2000 loop
    _id := jobs.enqueue('link', depends_on => array[_id]);
  end loop;
end $$;
select jobs.cancel((select id from jobs.job_state where kind = 'first')) \g /dev/null
select is(count(*), 2000::bigint, 'a chain of 2000 falls at once') from jobs.job_state where kind = 'link' and state = 'dead';
select is((select max(cardinality(ids)) from jobs.event where type = 'dead'), 1, 'one after the other');
select is_consistent();
select * from finish();
