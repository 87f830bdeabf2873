-- The registered workers that have been heard of lately. A worker that lives is seen at least once
-- a minute, or at each of its heartbeats if those are further apart.
create or replace view jobs._live_worker as
select w.*
from jobs.worker w
where w.seen_at > jobs.now() - greatest(interval '3 min',
  case when jsonb_typeof(w.info -> 'heartbeat') = 'number'
    then least((w.info ->> 'heartbeat')::numeric, 86400) * interval '3 s' end);
