\ir lib/setup.sql
select plan(9);
select stop_the_clock();

select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('k', batch => :batch) as a \gset
select jobs.enqueue('k', batch => :batch) as b \gset
select jobs.create_batch() as empty \gset
select jobs.close_batch(:empty) \g /dev/null
select jobs.create_batch() as unused \gset
select jobs.complete(claim_of(:a)) \g /dev/null
select jobs.fail(claim_of(:b), reason => 'aborted') \g /dev/null
select (jobs.get_batch(:batch) -> 'callbacks' ->> 'on_complete')::bigint as callback \gset
select jobs.complete(claim_of(:callback)) \g /dev/null
select advance('8 days');
select jobs.tick() \g /dev/null
select is((select array_agg(state || jobs order by state) from jobs.prune(dry_run => true) where state <> 'partition'), '{batch1,completed2}', 'a dry run says that an empty batch would go');
select is((select array_agg(state || jobs order by state) from jobs.prune()), '{batch1,completed2}', 'it goes, with the jobs that are old');
select is(jobs.get_batch(:empty), null, 'it is gone');
select is((select array_agg(id) from jobs.batch_jobs(:batch)), array[:b]::bigint[], 'a batch shows the jobs that are left');
select is((jobs.get_batch(:batch) ->> 'jobs'), '2', 'and counts all');
select advance('90 days');
select jobs.tick() \g /dev/null
select is((select array_agg(state || jobs order by state) from jobs.prune() where state <> 'partition'), '{dead1}', 'the last of its jobs goes');
select is((select array_agg(state || jobs order by state) from jobs.prune() where state <> 'partition'), '{batch1}', 'then the batch');
select is((select array_agg(id) from jobs.list_batches()), array[:unused]::bigint[], 'one that has not finished stays');
select is((select count(*) from jobs.dependency), 0::bigint, 'nothing is left of the others');
select * from finish();
