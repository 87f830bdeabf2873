\ir lib/setup.sql
select plan(11);

-- Enqueues one of a higher priority and claims one, over and over; returns how many came before the job.
create function overtaken(job bigint, queue text, priority int, most int default 1000) returns int
language plpgsql as $$
begin
  for _n in 0..most loop
    perform jobs.enqueue('k', queue => overtaken.queue, priority => overtaken.priority);
    if overtaken.job = any(take(1, array[overtaken.queue])) then
      return _n;
    end if;
  end loop;
  return null;
end $$;

select jobs.enqueue('k', queue => 'plain') as old \gset
select is(overtaken(:old, 'plain', 1, 300), null, 'without ageing, higher priorities go first for ever');

select jobs.configure_queue('aged', ageing => 10) \g /dev/null
select jobs.enqueue('k', queue => 'aged') as old, jobs.enqueue('k', queue => 'aged') as second \gset
select overtaken(:old, 'aged', 1) as n \gset
select cmp_ok(:n, '<=', 10, 'at most so many overtake it, one step higher');
select cmp_ok(:n, '>', 0, 'and some do');
select jobs.enqueue('k', queue => 'aged', priority => -100) as lowest \gset
select overtaken(:lowest, 'aged', 100, 3000) as n \gset
select cmp_ok(:n, '<=', 2000 + 20, 'of the lowest priority, two hundred times as many, and those that were there');
select cmp_ok(:n, '>', 20, 'and some do');
select is(state(:second), 'running', 'the older one of the middle came long before');

-- what is due to age is decided by places, not by a clock
select jobs.configure_queue('still', ageing => 1000) \g /dev/null
select jobs.enqueue('k', queue => 'still') as low, jobs.enqueue('k', queue => 'still', priority => 1) as high \gset
select is(take(2, '{still}'), array[:high, :low]::bigint[], 'young jobs go by priority');
select is(take(1, '{still}'), '{}', 'an empty queue is empty');
-- among several queues
select jobs.enqueue('k', queue => 'other', priority => 3) as other, jobs.enqueue('k', queue => 'still', priority => 5) as five \gset
select is(take(2, '{other,still}'), array[:five, :other]::bigint[], 'queues with and without go by priority');

select is((select settings -> 'ageing' from jobs.list_queues('aged')), '10', 'list_queues shows it');
select refuses($$select jobs.configure_queue('aged', ageing => 0)$$, 'JB002', 'none may overtake', 'ageing is 0', 'between 1');
select * from finish();
