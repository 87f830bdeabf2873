\ir lib/setup.sql
select plan(27);
select stop_the_clock() \g /dev/null

-- a queue
select jobs.configure_queue('q', max_running => 3) \g /dev/null
select array_agg(id) as q from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[6]), queue => 'q') \gset
select is(take(2, '{q}'), (:'q'::bigint[])[1:2], 'below the limit, a claim gets what it asks for');
select is(take(5, '{q}'), (:'q'::bigint[])[3:3], 'then what the limit leaves');
select is(take(5, '{q}'), '{}', 'and no more while three run');
select is(take(1, '{q}'), '{}', 'not even one');
select is((select count(*) from jobs.ready r join jobs.queue u on u.id = r.queue_id where u.name = 'q'), 1::bigint, 'the others stay ready');
select jobs.complete(token((:'q'::bigint[])[2])) \g /dev/null
select is(take(5, '{q}'), (:'q'::bigint[])[4:4], 'when one has ended another starts');
select jobs.fail(token((:'q'::bigint[])[1]), retry_in => '1 h') \g /dev/null
select is(take(5, '{q}'), (:'q'::bigint[])[5:5], 'or has failed');
select jobs.release(token((:'q'::bigint[])[3])) \g /dev/null
select is(take(5, '{q}'), (:'q'::bigint[])[6:6], 'or was released');
select advance('31 s') \g /dev/null
select is((select count(*) from jobs.reset_stale_claims()), 3::bigint, 'three leases end');
select is(cardinality(take(9, '{q}')), 3, 'and nothing is left behind by them');
select is(take(9), '{}', 'also for a claim from every queue');

-- a kind
select jobs.configure_kind('slow', max_running => 2) \g /dev/null
select jobs.enqueue('slow') as s1, jobs.enqueue('slow') as s2, jobs.enqueue('slow') as s3, jobs.enqueue('fast') as f1,
  jobs.enqueue('slow') as s4, jobs.enqueue('fast') as f2 \gset
select is(take(3, '{default}'), array[:s1, :s2, :f1]::bigint[], 'the jobs of a full kind are passed over');
select is(take(1, '{default}'), array[:f2]::bigint[], 'also by a claim of one');
select is(take(5, null, '{slow}'), '{}', 'and when only they are asked for');
select jobs.complete(token(:s1)) \g /dev/null
select is(take(5, null, '{fast,slow}'), array[:s3]::bigint[], 'one has ended, one starts');
select jobs.configure_kind('slow', reset => '{max_running}') \g /dev/null
select is(take(5), array[:s4]::bigint[], 'without the limit all start');

-- a job by its id is the operator's decision; it counts
select jobs.configure_queue('one', max_running => 1) \g /dev/null
select jobs.enqueue('k', queue => 'one') as a, jobs.enqueue('k', queue => 'one') as b \gset
select is((select status from jobs.claim_job(:b)), 'claimed', 'claim_job goes before limits');
select is(take(1, '{one}'), '{}', 'and is counted');

-- many at once: the half that may be shared out, and the half that is counted
select jobs.configure_queue('wide', max_running => 64) \g /dev/null
select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[100]), queue => 'wide') \g /dev/null
select cmp_ok((select sum(cardinality(take(10, '{wide}'))) from generate_series(1, 8))::int, '<=', 64, 'never above it');
select cmp_ok((select coalesce(sum(cardinality(take(10, '{wide}'))), 0) from generate_series(1, 30))::int, '>=', 0, 'later claims fill it');
select is((select running from jobs.stats() where queue = 'wide'), 64::bigint, 'to its limit exactly');

select is((select settings -> 'max_running' from jobs.list_queues('wide')), '64', 'list_queues shows it');
select refuses($$select jobs.configure_queue('q', max_running => 0)$$, 'JB002', 'no jobs at all is a pause', 'max_running is 0', 'pause');
select refuses($$select jobs.configure_queue('q', max_running_per_key => -1)$$, 'JB002', 'of a key too', 'max_running_per_key is -1', 'pause');
select refuses($$select jobs.configure_kind('q', max_running => 0)$$, 'JB002', 'of a kind too', 'max_running is 0', 'pause');
begin isolation level repeatable read;
select refuses($$select * from jobs.claim('{q}')$$, 'JB002', 'a claim that cannot see others'' is refused', 'outside of READ COMMITTED', 'autocommit');
rollback;
select is_empty('select * from jobs.verify()', 'log and tables agree');
select * from finish();
