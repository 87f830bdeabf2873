\ir lib/setup.sql
select plan(32);
select stop_the_clock();

create function live(queue text) returns bigint language sql as
$$ select coalesce(sum(ready + scheduled + running), 0)::bigint from jobs.stats() s where s.queue = live.queue $$;

select jobs.configure_queue('mail', max_pending => 3) \g /dev/null
select jobs.enqueue('send', queue => 'mail') \g /dev/null
select jobs.enqueue('send', queue => 'mail', delay => '1 h') \g /dev/null
select is(cardinality(take(1, '{mail}')), 1, 'a job runs');
select ok(jobs.enqueue('send', queue => 'mail') > 0, 'ready, scheduled and running ones count');
select refuses($$select jobs.enqueue('send', queue => 'mail')$$, 'JB030', 'one more is refused', 'queue mail is full',
  'Try again later', 'holds 3 of at most 3 jobs .* 1 more');
select refuses($$select jobs.enqueue('new kind', queue => 'mail')$$, 'JB030', 'of a new kind too', 'queue mail is full');
select refuses($$select jobs.enqueue('send', queue => 'mail', unique_key => 'k')$$, 'JB030', 'with a key too', 'queue mail is full');
select refuses($$select jobs.enqueue_many('send', '{"{}"}', queue => 'mail')$$, 'JB030', 'in an array too', 'queue mail is full');
select refuses($$select jobs.enqueue_many('[{"kind": "send"}, {"kind": "send", "queue": "mail"}]')$$, 'JB030', 'or among others', 'queue mail');
select is((select count(*) from jobs.job), 3::bigint, 'and then none of them is there');
select ok(jobs.enqueue('send') > 0, 'another queue has room');

-- an attempt that goes back changes nothing, an end makes room within 100 ms
select jobs.fail((select (claim << 6) from jobs.lease), retry_in => '0') \g /dev/null
select refuses($$select jobs.enqueue('send', queue => 'mail')$$, 'JB030', 'a job that goes back still counts');
select cardinality(take(1, '{mail}')) \g /dev/null
select jobs.complete((select (claim << 6) from jobs.lease limit 1)) \g /dev/null
select refuses($$select jobs.enqueue('send', queue => 'mail')$$, 'JB030', 'what a count has found holds for a moment', '.', '.', 'holds 3');
select advance('11 s') \g /dev/null
select refuses($$select jobs.enqueue_many('send', '{"{}","{}"}', queue => 'mail')$$, 'JB030', 'all of them or none', '.', '.', 'holds 2 of at most 3 .* 2 more');
select ok(jobs.enqueue('send', queue => 'mail') > 0, 'but one fits, at once');
select is(live('mail'), 3::bigint, 'three are live');

-- what is rolled back gives its room back
select advance('11 s'), jobs.cancel_many('mail') \g /dev/null
begin;
select jobs.enqueue_many('send', '{"{}","{}","{}"}', queue => 'mail') \g /dev/null
rollback;
begin;
savepoint s;
select jobs.enqueue_many('send', '{"{}","{}","{}"}', queue => 'mail') \g /dev/null
rollback to s;
select jobs.enqueue_many('send', '{"{}","{}","{}"}', queue => 'mail') \g /dev/null
commit;
select is(live('mail'), 3::bigint, 'a rolled back transaction or savepoint holds no room');

-- drop
select jobs.configure_queue('mail', overflow => 'drop', max_pending => 5) \g /dev/null
select results_eq($$select ord, id is null, created from jobs.enqueue_many('send', '{"{}","{}","{}"}', queue => 'mail')$$,
  $$values (1, false, true), (2, false, true), (3, true, false)$$, 'the first that fit are kept, the others dropped');
select is(jobs.enqueue('send', queue => 'mail'), null, 'enqueue returns null');
select results_eq($$select id is null, created from jobs.enqueue_many('[{"kind": "send"}, {"kind": "send", "queue": "mail"}]')$$,
  $$values (false, true), (true, false)$$, 'what fits elsewhere is kept');
select is(live('mail'), 5::bigint, 'five are live');
select is((select count(*) from jobs.enqueue_many('send', '{}', queue => 'mail')), 0::bigint, 'no job is no overflow');

-- the bound may change
select jobs.configure_queue('mail', max_pending => 6) \g /dev/null
select ok(jobs.enqueue('send', queue => 'mail') > 0, 'raised, it holds at once');
select jobs.configure_queue('mail', max_pending => 2, reset => '{overflow}') \g /dev/null
select refuses($$select jobs.enqueue('send', queue => 'mail')$$, 'JB030', 'lowered too, and no job is lost', '.', '.', 'holds 6 of at most 2');
select jobs.configure_queue('mail', reset => '{max_pending}') \g /dev/null
select ok((select bool_and(jobs.enqueue('send', queue => 'mail') > 0) from generate_series(1, 9)), 'without it any number fits');
select jobs.configure_queue('mail', max_pending => 15) \g /dev/null
select refuses($$select jobs.enqueue('send', queue => 'mail')$$, 'JB030', 'what came meanwhile counts', '.', '.', 'holds 15 of at most 15');

-- what the engine makes is never refused
select jobs.configure_kind('send', on_dead => 'report') \g /dev/null
select jobs.configure_kind('report', queue => 'mail') \g /dev/null
select jobs.subscribe('s', '{*}', kind => 'send', queue => 'mail') \g /dev/null
select jobs.schedule('every minute', '* * * * *', kind => 'send', queue => 'mail') \g /dev/null
select jobs.append_event('order-1', 'placed') \g /dev/null
select is(live('mail'), 16::bigint, 'an event becomes its job');
select jobs.run_schedule('every minute') \g /dev/null
select is(live('mail'), 17::bigint, 'a schedule makes its jobs');
select cardinality(take(1, '{mail}')) \g /dev/null
select jobs.fail((select (claim << 6) from jobs.lease order by claim desc limit 1), reason => 'rejected') \g /dev/null
select is(live('mail'), 17::bigint, 'a death enqueues what its kind asks for');
select jobs.retry(id) from jobs.list('dead') \g /dev/null
select is(live('mail'), 18::bigint, 'and what ended may be retried');

-- refused
select refuses($$select jobs.configure_queue('mail', max_pending => 0)$$, 'JB002', 'no bound', 'max_pending is 0', 'at least 1');
select refuses($$select jobs.configure_queue('mail', overflow => 'wait')$$, 'JB002', 'no such policy', 'overflow is', 'error: .*drop:');
select is((select array_agg(changed) from jobs.list_queues('mail')), '{{max_pending}}', 'the bound is shown');
select is_consistent();
select * from finish();
