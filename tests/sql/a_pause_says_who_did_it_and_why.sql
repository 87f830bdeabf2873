\ir lib/setup.sql
select plan(20);
select stop_the_clock();
select jobs.enqueue('k', queue => 'q') as id \gset
create function pauses() returns text[] language sql as $$
  select coalesce(array_agg(concat_ws(' ', p.queue, p.kind, 'by', p.paused_by = session_user, p.job_id, p.reason)), '{}') from jobs.list_pauses() as p $$;

select is(pauses(), '{}', 'nothing is paused');
select jobs.pause('q', reason => 'the bank is closed') \g /dev/null
select jobs.pause('q', reason => 'the bank is closed') \g /dev/null
select is(pauses(), '{"q by t the bank is closed"}', 'a pause says who did it and why; the same again adds nothing');
select is((select at from jobs.list_pauses()), jobs.now(), 'and since when');
select jobs.pause('q', reason => 'and so are we') \g /dev/null
select jobs.pause('q') \g /dev/null
select is(pauses(), '{"q by t the bank is closed","q by t and so are we"}', 'for several reasons');
select is((select (paused, pause_reason)::text from jobs.stats() where queue = 'q'), '(t,"the bank is closed")', 'of which stats tells the oldest');
select is(take(9, '{q}'), '{}', 'nothing is claimed');
select jobs.resume('q') \g /dev/null
select is(pauses(), '{}', 'a resume ends them all');
select is((select (paused, pause_reason)::text from jobs.stats() where queue = 'q'), '(f,)', 'and clears why');
select is(take(9, '{q}'), array[:id]::bigint[], 'then it is claimed');
select jobs.resume('q') \g /dev/null
select is(pauses(), '{}', 'a resume of what is not paused changes nothing');

select jobs.pause('q', 'k', reason => 'both') \g /dev/null
select is(pauses(), '{"q by t both","k by t both"}', 'a queue and a kind');
select jobs.resume(kind => 'k') \g /dev/null
select is(pauses(), '{"q by t both"}', 'each is resumed for itself');
select jobs.resume('q') \g /dev/null
select jobs.pause('q', reason => repeat('ü', 3000)) \g /dev/null
select is((select octet_length(reason) from jobs.list_pauses()), 1024, 'a long reason is cut');
select jobs.resume('q') \g /dev/null
select jobs.pause('default') \g /dev/null
select is((select paused from jobs.stats() where queue = 'q'), false, 'a pause is that of one queue');
select jobs.enqueue('k', queue => 'q') as other \gset
select is(take(9, '{default,q}'), array[:other]::bigint[], 'others are claimed from');
select is(take(9), '{}', 'and none is left');

select refuses('select jobs.pause()', 'JB002', 'nothing to pause', 'neither', 'queue, kind');
select refuses('select jobs.pause(''nothing'')', 'JB004', 'no such queue', 'no queue nothing');
select refuses('select jobs.resume(kind => ''nothing'')', 'JB004', 'no such kind', 'no kind nothing');
select refuses('select jobs.pause(schedule => ''s'', reason => ''r'')', 'JB002', 'a schedule keeps no reason', 'a reason is given', 'Only the pause of a queue');
select * from finish();
