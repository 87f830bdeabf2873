-- Batches that are to be cancelled because one of their jobs has died (on_dead_policy). The death
-- only notes it here, and waits for nobody; the next tick does it, with no claim in its hands.
create table jobs.doomed_batch (
  id bigint not null,
  reason text not null
);
create index doomed_batch_by_id on jobs.doomed_batch (id);
