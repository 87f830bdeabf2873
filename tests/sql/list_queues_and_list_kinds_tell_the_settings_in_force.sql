\ir lib/setup.sql
select plan(13);

select is((select array_agg(name) from jobs.list_queues()), '{default}', 'a fresh installation has one queue');
select is_empty($$select * from jobs.list_kinds()$$, 'and no kind');
select ok((select settings from jobs.list_queues('default')) @>
  '{"keep": 604800, "lease": null, "timeout": null, "backoff": {"cap": 3600, "base": 1, "factor": 2, "jitter": 0.25, "strategy": "exponential"},
    "keep_completed": null, "keep_cancelled": null, "keep_skipped": null, "keep_discarded": null, "keep_results": null, "keep_dead": 7776000, "max_attempts": 20}'::jsonb, 'what nobody has set is at its default, durations in seconds');
select is((select changed from jobs.list_queues('default')), '{}', 'nothing is changed');

select jobs.configure_queue('mail', lease => '1 min', max_attempts => 3, keep => '7 days') \g /dev/null
select is((select changed from jobs.list_queues('mail')), '{lease,max_attempts}', 'what is set to its default is not changed');
select is((select (settings -> 'lease')::int from jobs.list_queues('mail')), 60, 'what is set is shown');

select jobs.configure_kind('send', queue => 'mail', lease => '1.5 s', on_dead => 'Report') \g /dev/null
select is((select array_agg(name) from jobs.list_kinds()), '{Report,send}', 'kinds by name');
select is((select changed from jobs.list_kinds('send')), '{lease,on_dead,queue}', 'what is set for the kind');
select ok((select settings from jobs.list_kinds('send')) @>
  '{"queue": "mail", "lease": 1.5, "timeout": null, "on_dead": "Report", "max_claims": 50, "charge_lost": true, "max_attempts": 3}'::jsonb,
  'and what it has from its queue');
select jobs.pause(kind => 'send'), jobs.pause(queue => 'mail') \g /dev/null
select ok((select paused from jobs.list_kinds('send')) and (select paused from jobs.list_queues('mail')), 'a pause is shown');

select refuses($$select * from jobs.list_queues('none')$$, 'JB004', 'no such queue', 'queue none', 'configure_queue');
select refuses($$select * from jobs.list_kinds('none')$$, 'JB004', 'no such kind', 'kind none', 'configure_kind');
begin read only;
select count(*) from jobs.list_queues(), jobs.list_kinds() \g /dev/null
commit;
select pass('both run in a read-only transaction');
select * from finish();
