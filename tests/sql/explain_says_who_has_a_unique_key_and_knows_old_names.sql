\ir lib/setup.sql
select plan(7);
select stop_the_clock();
create function gate(id bigint, gate text) returns text language sql as $$
  select case when g.open then 'open: ' else 'closed: ' end || g.why from jobs.explain(gate.id) as g where g.gate = gate.gate $$;

-- a unique key
select jobs.enqueue('other', queue => 'u', unique_key => 'u') as u1 \gset
select is((select count(*) from jobs.explain(:u1) where gate = 'unique_key'), 0::bigint, 'the key of a job that waits is its own');
select jobs.fail(claim_of(:u1), reason => 'aborted') \g /dev/null
select is(gate(:u1, 'unique_key'), 'open: its unique key u is free', 'that of a dead one is free');
select jobs.enqueue('other', queue => 'u', unique_key => 'u') as u2 \gset
select is(gate(:u1, 'unique_key'), format('closed: its unique key u is that of job %s now', :u2::bigint), 'until another one takes it');
select is((select array_agg(gate) from jobs.explain(:u1)), '{state,unique_key}', 'a dead job has two rows');

-- a kind that was renamed
select jobs.enqueue('old', queue => 'n') as old \gset
select jobs.configure_kind('old', alias_of => 'new') \g /dev/null
delete from jobs.worker;
select jobs.register_worker('new only', null, '{new}') \g /dev/null
select is(gate(:old, 'worker'), 'open: kind new of queue n is taken by 1 live worker', 'a worker of the new name takes jobs of the old one');
select jobs.pause(kind => 'new') \g /dev/null
select is(gate(:old, 'kind') ~ '^closed: kind (new|old) is paused', true, 'and a pause of it concerns them');
select is_consistent();
select * from finish();
