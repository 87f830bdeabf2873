\ir lib/setup.sql
select plan(17);

select ok(jobs.enqueue('send_mail') > 0, 'unknown kinds are taken by default');
select jobs.configure_queue('mail', strict_kinds => true) \g /dev/null
select ok(jobs.enqueue('send_mail', queue => 'mail') > 0, 'a strict queue takes known ones');
select refuses($$select jobs.enqueue('send_mial', queue => 'mail')$$, 'JB004', 'no others', 'no kind send_mial', 'Did you mean send_mail\? If not', 'queue mail takes');
select refuses($$select jobs.enqueue('zzz', queue => 'mail')$$, 'JB004', 'without a guess if nothing is like it', 'no kind zzz', '^To make it known, call');
select refuses($$select jobs.enqueue_many('Send_Mails', '{"{}"}', queue => 'mail')$$, 'JB004', 'of many', 'no kind', 'send_mail');
select refuses($$select jobs.enqueue_many('[{"kind": "sendmail", "queue": "mail"}]')$$, 'JB004', 'of any', 'no kind', 'send_mail');
select refuses($$select jobs.enqueue('zzz', queue => 'mail', unique_key => 'k')$$, 'JB004', 'with keys', 'no kind zzz');
select is((select count(*) from jobs.kind), 1::bigint, 'what is refused is not known afterwards');
select ok(jobs.enqueue('zzz') > 0, 'another queue takes it');

update jobs.setting set strict_kinds = true;
select refuses($$select jobs.enqueue('yyy')$$, 'JB004', 'the whole installation may be strict', 'no kind yyy');
select refuses($$select jobs.enqueue('yyy', queue => 'new')$$, 'JB004', 'new queues too', 'no kind yyy');
select jobs.configure_queue('lax', strict_kinds => false) \g /dev/null
select ok(jobs.enqueue('yyy', queue => 'lax') > 0, 'but for a queue that says otherwise');
select is((select (settings -> 'strict_kinds')::boolean from jobs.list_queues('default')), true, 'what is in force is shown');

select jobs.register_worker('w', kinds => '{a}') \g /dev/null
select jobs.subscribe('b', '{*}') \g /dev/null
select jobs.schedule('c', '@daily') \g /dev/null
select jobs.configure_kind('d', on_dead => 'e') \g /dev/null
select ok(jobs.enqueue(k) > 0, 'known by now: ' || k) from (values ('a'), ('d'), ('e')) as v(k);
select lives_ok($$select jobs.append_event('order-1', 'placed'), jobs.run_schedule('c')$$, 'what makes jobs by itself has made its kind known');
select * from finish();
