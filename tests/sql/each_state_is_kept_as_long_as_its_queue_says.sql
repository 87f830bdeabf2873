\ir lib/setup.sql
select plan(32);
select stop_the_clock();
create function pruned(n int default 10000, dry boolean default false) returns text language sql as $$
  select coalesce(string_agg(p.name || ' ' || p.state || ' ' || p.jobs, ', ' order by p.name, p.state), '') from jobs.prune(n, dry) as p $$;
create function marks() returns text language sql as $$ select coalesce(string_agg(format('%s %s', m.state, m.seconds::int), ', ' order by m.state, m.seconds), '') from jobs.prune_mark m $$;

-- one job in each state in which jobs end, in a queue with an age for each
select jobs.configure_queue('ages', keep => '10 h', keep_completed => '1 h', keep_cancelled => '2 h', keep_skipped => '3 h', keep_discarded => '4 h', keep_dead => '5 h') \g /dev/null
create procedure fill(queue text) language plpgsql as $$
begin
  perform jobs.complete(claim_of(jobs.enqueue('k', queue => queue)), '7');
  perform jobs.cancel(jobs.enqueue('k', queue => queue));
  perform jobs.skip(claim_of(jobs.enqueue('k', queue => queue)));
  perform jobs.discard(claim_of(jobs.enqueue('k', queue => queue)));
  perform jobs.fail(claim_of(jobs.enqueue('k', queue => queue)), reason => 'aborted');
end $$;
call fill('ages');
call fill('default');
select is(pruned(), '', 'nothing is old');
select is(marks(), '', 'and nothing is written');
select advance('1 h 1 s');
select is(pruned(), 'ages completed 1', 'completed: its own age');
select advance('1 h');
select is(pruned(), 'ages cancelled 1', 'cancelled: its own');
select advance('1 h');
select is(pruned(), 'ages skipped 1', 'skipped: its own');
select advance('1 h');
select is(pruned(), 'ages discarded 1', 'discarded: its own');
select advance('1 h');
select is(pruned(), 'ages dead 1', 'dead: its own');
select is((select count(*) from jobs.job), 5::bigint, 'the other queue has what it had');

-- without an age of its own a state has that of keep
call fill('ages');
select jobs.configure_queue('ages', reset => '{keep_completed,keep_skipped}') \g /dev/null
select advance('4 h 1 s');
select is(pruned(), 'ages cancelled 1, ages discarded 1', 'reset: no age of their own');
select advance('2 h');
select is(pruned(), 'ages dead 1', 'keep says nothing of the dead');
select advance('4 h');
select is(pruned(), 'ages completed 1, ages skipped 1', 'keep says it for both');

-- an age that is changed holds for what has been passed by
call fill('ages');
select advance('7 h');
select jobs.configure_queue('ages', keep => '6 h', reset => '{keep_cancelled,keep_discarded,keep_dead}') \g /dev/null
select is(marks(), '', 'the walk begins again');
select is(pruned(10000, true), 'ages cancelled 1, ages completed 1, ages discarded 1, ages skipped 1', 'dry_run: what would go');
select is(pruned(1), 'ages cancelled 1', 'max_jobs is for all states together');
select is(pruned(10000, true), 'ages completed 1, ages discarded 1, ages skipped 1', 'dry_run: what is left of it');
select is(pruned(0, true), 'ages completed 1, ages discarded 1, ages skipped 1', 'max_jobs does not bound it');
select is((select count(*) from jobs.job where queue_id = 2), 4::bigint, 'dry_run changes nothing');
select is(pruned(), 'ages completed 1, ages discarded 1, ages skipped 1', 'it was true');
select is(pruned(10000, true), '', 'dry_run: nothing is left');

-- when the first and the last of them ended
select jobs.complete(claim_of(jobs.enqueue('k', queue => 'span'))) \g /dev/null
select advance('1 min');
select jobs.complete(claim_of(jobs.enqueue('k', queue => 'span'))) \g /dev/null
select jobs.configure_queue('span', keep => '0') \g /dev/null
select advance('1 min');
select is((select (jobs, newest - oldest)::text from jobs.prune(dry_run => true) where name = 'span'), '(2,00:01:00)', 'dry_run: oldest and newest');
select is((select (jobs, newest - oldest)::text from jobs.prune() where name = 'span'), '(2,00:01:00)', 'prune: the same');

-- users' events
select jobs.append_event('order-' || i, 't') from generate_series(1, 3) as i \g /dev/null
select jobs.configure_category('order', keep => '1 h', keep_last => false) \g /dev/null
select advance('2 h');
select is(pruned(10000, true), 'order event 3', 'dry_run: events, by category');
select is((select count(*) from jobs.stream_event), 3::bigint, 'they are there');
select is(pruned(), 'order event 3', 'prune: the same');

-- what ended while the clock was ahead is kept until then, and holds up nothing
select advance('1 year');
select jobs.configure_queue('ahead', keep => '1 h', keep_results => '30 min') \g /dev/null
select jobs.complete(claim_of(jobs.enqueue('k', queue => 'ahead')), '1') \g /dev/null
select advance('-1 year');
select jobs.complete(claim_of(jobs.enqueue('k', queue => 'ahead')), '2') \g /dev/null
select advance('31 min');
select is(pruned(10000, true), 'ahead result 1', 'dry_run: the younger one''s result');
select is(pruned(), 'ahead result 1', 'it goes');
select advance('31 min');
select is(pruned(10000, true), 'ahead completed 1', 'dry_run: the younger one');
select is(pruned(), 'ahead completed 1', 'it goes');
select is(pruned(), '', 'once');
select advance('1 year');
select is((select string_agg(state, ',') from jobs.prune() where name = 'ahead'), 'completed,result', 'in its time the other one does');

select refuses($$select jobs.configure_queue('x', keep_completed => '-1 s')$$, 'JB002', 'a negative age', 'keep_completed is -', 'not negative');
select refuses($$select jobs.configure_queue('x', keep_results => '1001 years')$$, 'JB002', 'an age before all clocks', 'keep_results is 1001', '1000 years');
select * from finish();
