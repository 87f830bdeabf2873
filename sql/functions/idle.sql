-- The caller is about to sleep: the next enqueue into one of these queues (default all) notifies
-- channel `jobs.ready` with the queue's name, once. Claim once more after this call, then sleep,
-- but poll too: a notification is a hint that can be lost. Returns the seconds until the next
-- scheduled job of these queues is due (0 if one is), null if there is none.
-- Writes: nothing but the flag, if it was not up.
create or replace function jobs.idle(queues text[] default null)
returns double precision
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  _ids int[] := array(select q.id from jobs.queue q where idle.queues is null
    or q.name = any(idle.queues));
  _id int;
  _due timestamptz;
begin
  foreach _id in array _ids loop
    if pg_sequence_last_value(jobs._idle_flag(_id)) is distinct from 2 then
      perform setval(jobs._idle_flag(_id), 2);
    end if;
  end loop;
  select s.run_at into _due from jobs.scheduled s
  where s.run_at >= (select r.scheduled_floor from jobs.register r order by r.ver desc limit 1)
    and s.queue_id = any(_ids) and s.run_at < 'infinity'
  order by s.run_at limit 1;
  return greatest(0, extract(epoch from _due - jobs.now()))
    * case when _due is not null then 1 end;
end $$;
