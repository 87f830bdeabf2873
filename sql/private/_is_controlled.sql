-- Whether more than the insertion of its rows decides about such a job, or follows from it: then
-- _insert_controlled is the way in.
create or replace function jobs._is_controlled(spec jobs.job_spec)
returns boolean
language sql immutable
return num_nonnulls((spec).idempotency_key, (spec).idempotency_ttl, (spec).unique_key,
  (spec).unique_options, (spec).on_conflict, (spec).concurrency_key, (spec).ordering_key,
  (spec).fair_key, (spec).batch, (spec).depends_on, (spec).on_dependency_failure) > 0;
