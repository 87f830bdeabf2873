-- What the limits of queues and kinds leave to one claim: those that have a limit, side by side
-- with how many of their jobs may still start.
create type jobs.rooms as (
  queue_ids int[],
  queue_rooms int[],
  kind_ids int[],
  kind_rooms int[]
);
