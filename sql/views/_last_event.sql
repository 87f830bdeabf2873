-- The event that decides each job's state; none for a job to which nothing has happened since its enqueuing.
-- Join it by job_id: each of the three branches is one index look-up, as in _event_of.
create or replace view jobs._last_event as
select
  j.id as job_id, e.pos, e.at, e.type, e.attempt, e.claim, e.data
from jobs.job j
cross join lateral (
  select u.* from (
    select a.pos, a.at, a.type, a.attempt, a.claim, a.data[1] as data
    from jobs.event a
    where a.low is null and a.ids[1] = j.id and a.pos > j.id
    union all
    select a.pos, a.at, a.type, a.attempt, a.claim, a.data[array_position(a.ids, j.id)]
    from jobs.event a
    where a.high - a.low < 4096 and a.low between j.id - 4095 and j.id and a.high >= j.id
      and a.ids @> array[j.id] and a.pos > j.id
    union all
    select a.pos, a.at, a.type, a.attempt, a.claim, a.data[array_position(a.ids, j.id)]
    from jobs.event a
    where a.high - a.low >= 4096 and a.ids @> array[j.id] and a.pos > j.id) as u
  where u.type <> 'cancel_requested'
  order by u.pos desc limit 1) as e;
