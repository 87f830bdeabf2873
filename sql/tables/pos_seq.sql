-- The installation's one clock of positions: job ids, event positions, places in a queue and claims
-- are all drawn from it, always inside an insert that already holds its table's lock (see tick).
-- CACHE must stay 1: a cached value would be handed out after a tick has passed it.
create sequence jobs.pos_seq as bigint cache 1;
