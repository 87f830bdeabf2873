-- For how many seconds each queue keeps its jobs, by the state in which they have ended; and
-- `result`, what they returned, where that goes before the job.
create or replace view jobs._retention as
select q.id as queue_id, q.name as queue, a.state, extract(epoch from a.keep) as seconds
from jobs.queue q
cross join lateral (values
  ('completed', coalesce(q.keep_completed, q.keep)),
  ('cancelled', coalesce(q.keep_cancelled, q.keep)),
  ('skipped', coalesce(q.keep_skipped, q.keep)),
  ('discarded', coalesce(q.keep_discarded, q.keep)),
  ('dead', q.keep_dead),
  ('result', q.keep_results)) as a(state, keep)
where a.keep is not null;
