\ir lib/setup.sql
select plan(8);
select stop_the_clock();
create function gate(id bigint) returns text language sql as $$
  select case when g.open then 'open: ' else 'closed: ' end || g.why from jobs.explain(gate.id) as g where g.gate = 'depends_on' $$;
select jobs.register_worker('one') \g /dev/null
select jobs.enqueue('a') as a \gset
select jobs.enqueue('b', delay => '1 hour') as b \gset
select jobs.enqueue('c', depends_on => array[:a, :b]::bigint[]) as c \gset
select is(gate(:c), format('closed: 2 prerequisites, of which it waits for 2: %s (a, ready), %s (b, scheduled)', :a::bigint, :b::bigint), 'it waits for both');
select is((select array_agg(gate) from jobs.explain(:c) where not open), '{state,depends_on}', 'and for nothing else');
select is((select remedy from jobs.explain(:c) where gate = 'depends_on'), format('See why one of them has not: select * from jobs.explain(%s).', :a::bigint), 'where to look next');
select is(gate(:a), null, 'a job without prerequisites has no such gate');
select jobs.complete(claim_of(:a)) \g /dev/null
select is(gate(:c), format('closed: 2 prerequisites, of which it waits for 1: %s (b, scheduled)', :b::bigint), 'one has ended');
select jobs.complete(claim_of(:b)) \g /dev/null
select is(gate(:c), 'open: 2 prerequisites, and none is left to wait for', 'both have');
select array_agg(jobs.enqueue('m', delay => '1 hour')) as many from generate_series(1, 12) \gset
select jobs.enqueue('d', depends_on => :'many'::bigint[]) as d \gset
select is((select (detail ->> 'pending', jsonb_array_length(detail -> 'jobs'), why ~ ', …$')::text from jobs.explain(:d) where gate = 'depends_on'), '(12,10,t)', 'ten are told');
select is_consistent();
select * from finish();
