-- A row per queue that has, or once had, a bound (queue.max_pending): producers lock it before they
-- add jobs, until their transaction ends. Never changed. It is not the row of queue, so that nobody
-- who pauses a queue waits for a producer.
create table jobs.queue_gate (
  queue_id int not null,
  constraint queue_gate_pk primary key (queue_id)
);

-- How many more jobs a bounded queue takes before they must be counted again; below 0 if it holds
-- more than its bound. Written as register is, by who holds the queue's gate.
create table jobs.queue_credit (
  queue_id int not null,
  ver bigint not null,
  credit int not null,
  constraint queue_credit_pk primary key (queue_id, ver)
);

-- Sixteen sequences that note of a full queue how much room a count has found, and how long that
-- holds: what a refused producer knows outlives its rollback. Queues share them by id.
do $note$
begin
  for _nth in 0..15 loop
    execute format('create sequence jobs.full_note_%s as bigint', _nth);
  end loop;
end $note$;
