-- Whether the block's jobs may be added to those of the claim that is being put together.
--   same_kind  whether a claim is of one kind, as where kinds have limits
create or replace function jobs._share_a_claim(next jobs.ready, block jobs.ready, same_kind boolean)
returns boolean
language sql immutable
return ((next).queue_id, (next).priority, (next).attempt, (next).claims, (next).flags,
    (next).lease_ms, (next).timeout_ms)
  = ((block).queue_id, (block).priority, (block).attempt, (block).claims, (block).flags,
    (block).lease_ms, (block).timeout_ms)
  and (not same_kind or (next).kind_id = (block).kind_id)
  and cardinality((next).ids) + cardinality((block).ids) <= 60
  and (block).ids[1] > (next).ids[cardinality((next).ids)]
  and (block).ids[cardinality((block).ids)] - (next).ids[1] < 1024;
