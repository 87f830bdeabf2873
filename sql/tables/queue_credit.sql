-- The gates of the queues that have, or once had, a bound (queue.max_pending): producers lock one
-- before they add jobs, until their transaction ends. Gate 0 is the way to all of the room that is
-- left; behind each of the others, 1 to 16, lies a small part of it, for those who need not wait.
-- Never changed. They are no rows of queue, so that nobody who pauses a queue waits for a producer.
create table jobs.queue_gate (
  queue_id int not null,
  gate smallint not null,
  constraint queue_gate_pk primary key (queue_id, gate)
);

-- How many more jobs may pass each gate of a bounded queue. Written as register is, by who holds
-- the gate.
create table jobs.queue_credit (
  queue_id int not null,
  gate smallint not null,
  ver bigint not null,
  credit int not null,
  bound int not null,      -- max_pending when it was granted: void under another one
  constraint queue_credit_pk primary key (queue_id, gate, ver)
);

-- Sixteen sequences that note of a full queue how much room a count has found, and how long that
-- holds: what a refused producer knows outlives its rollback. Queues share them by id.
do $note$
begin
  for _nth in 0..15 loop
    execute format('create sequence jobs.full_note_%s as bigint', _nth);
  end loop;
end $note$;
