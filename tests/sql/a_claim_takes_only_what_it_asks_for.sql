\ir lib/setup.sql
select plan(24);

select jobs.enqueue('mail') as mail \gset
select jobs.enqueue('report') as report \gset
select jobs.enqueue('thumbnail') as thumbnail \gset
select is(take(9, kinds => '{}'), '{}', 'no kinds, no jobs');
select is(take(9, kinds => '{unknown}'), '{}', 'a kind that does not exist: no jobs, no error');
select is(take(9, kinds => '{report,unknown}'), array[:report]::bigint[], 'only the kinds that are named, past those that are not');
select is(state(:mail), 'ready', 'a job of another kind stays where it is');
select is(take(1), array[:mail]::bigint[], 'and is next for whoever takes any');
select is(take(1, '{default}', '{thumbnail}'), array[:thumbnail]::bigint[], 'queue and kind together');

-- routing
create function routed() returns bigint[] language sql as $$
  select array[jobs.enqueue('k'), jobs.enqueue('k', routing_key => 'eu'), jobs.enqueue('k', routing_key => 'us'),
    jobs.enqueue('k', routing_key => 'EU')] $$;
select j[1] as any, j[2] as eu, j[3] as us, j[4] as upper from (select routed()) as r(j) \gset
begin;
select is(take(9), array[:any, :eu, :us, :upper]::bigint[], 'without routing: any job');
rollback;
begin;
select is(take(9, routing => '{}'), array[:any]::bigint[], 'an empty array: the jobs without a key');
rollback;
begin;
select is(take(9, routing => '{eu}'), array[:eu]::bigint[], 'one key: its jobs, not those without a key, nor of another case');
rollback;
begin;
select is(take(9, routing => '{us,eu}'), array[:eu, :us]::bigint[], 'two keys: the jobs of both, the oldest first');
rollback;
begin;
select is(take(9, routing => '{us,null}'), array[:any, :us]::bigint[], 'a null element adds those without a key');
rollback;
begin;
select is(take(9, routing => array[null]::text[]), array[:any]::bigint[], 'and alone it means only those');
rollback;
select is(take(9, routing => '{mars}'), '{}', 'a key that no job has');
select is(take(1, '{default}', '{k}', '{us}'), array[:us]::bigint[], 'routing, kind and queue together');

-- a routing key stays with its job
select jobs.fail(token(:us), null, '0') \g /dev/null
select is(take(9, routing => '{eu}'), array[:eu]::bigint[], 'a failed job does not lose its routing key');
select is(take(9, routing => '{us}'), array[:us]::bigint[], 'and comes back to who asks for it');
select jobs.release(token(:us)) \g /dev/null
select is(take(9, routing => '{}'), array[:any]::bigint[], 'nor does a released one');
select jobs.cancel(:us) \g /dev/null
select jobs.retry(:us) \g /dev/null
select is(take(9, routing => '{us}'), array[:us]::bigint[], 'nor a retried one');

-- pausing
select jobs.enqueue('k', queue => 'p') as paused \gset
select jobs.enqueue('l', queue => 'p') as other_kind \gset
select jobs.enqueue('k', queue => 'o') as other_queue \gset
select jobs.pause(queue => 'p') \g /dev/null
select is(take(9, '{p,o}'), array[:other_queue]::bigint[], 'nothing of a paused queue is claimed');
select is(take(9, '{p}', '{k,l}'), '{}', 'not when it is named either');
select jobs.resume(queue => 'p') \g /dev/null
select jobs.pause(kind => 'k') \g /dev/null
select is(take(9, '{p}'), array[:other_kind]::bigint[], 'nothing of a paused kind is claimed');
select is(take(9, '{p}', '{k}'), '{}', 'not when it is named either');
select jobs.resume(kind => 'k') \g /dev/null
select is(take(9, '{p}'), array[:paused]::bigint[], 'a resumed one is');
select is_consistent();
select * from finish();
