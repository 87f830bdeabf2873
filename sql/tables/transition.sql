-- What can happen to a job. `enqueued` is never stored: a job's own row is that event.
create type jobs.transition as enum (
  'enqueued', 'promoted', 'claimed', 'completed', 'failed', 'dead', 'snoozed', 'skipped',
  'discarded', 'released', 'expired', 'cancel_requested', 'cancelled', 'retried', 'blocked',
  'replaced'
);
