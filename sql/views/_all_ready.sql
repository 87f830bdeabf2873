-- Every ready block, whether its jobs take turns by fair_key or not.
create or replace view jobs._all_ready as
select
  r.ord, r.queue_id, r.kind_id, r.priority, r.attempt, r.claims, r.flags, r.lease_ms, r.timeout_ms,
  r.routing_key, r.ids
from jobs.ready r
union all
select
  f.ord, f.queue_id, f.kind_id, f.priority, f.attempt, f.claims, f.flags, f.lease_ms, f.timeout_ms,
  f.routing_key, f.ids
from jobs.fair_line f;
