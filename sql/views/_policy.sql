-- What decides a job's next step when it did not end well, with every default applied.
create or replace view jobs._policy as
select
  j.id,
  j.queue_id,
  j.kind_id,
  j.priority,
  coalesce(k.alias_of, k.name) as kind,
  coalesce((j.options ->> 'max_attempts')::int, k.max_attempts, q.max_attempts, 20) as max_attempts,
  coalesce(j.options -> 'backoff', k.backoff, q.backoff) as backoff,
  coalesce(j.options ->> 'routing_key', '') as routing_key,
  k.max_claims,
  k.charge_lost,
  k.on_dead,
  k.on_dead_policy
from jobs.job j
join jobs.kind k on k.id = j.kind_id
join jobs.queue q on q.id = j.queue_id;
