-- Consumers by name, with what they read, where they stand and what keeps them. Writes nothing.
--   consumer   only this one, default all
--   stuck_for  how long a consumer may have something to read and not move before it is called
--              stuck, default 1 min; one that has failed is stuck at once
-- Returns a row each: pos (events up to here are done), behind (events it has not done, counted up
-- to 10,000), behind_for (how long the oldest of them waits), moved_at, leased_until (a batch is
-- out), failures (since it last moved), error, failed_pos (the event, if known), retry_at; stuck,
-- and why.
-- SQLSTATE JB004 no such consumer.
create or replace function jobs.list_consumers(
  consumer text default null, stuck_for interval default '1 min')
returns table (
  name text, types text[], category text, job_events boolean, unknown_types text, pos bigint,
  behind bigint, behind_for interval, moved_at timestamptz, leased_until timestamptz,
  failures int, error jsonb, failed_pos bigint, retry_at timestamptz, stuck boolean, why text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _upto bigint := jobs._safe_pos();
  _now timestamptz := jobs.now();
begin
  if list_consumers.consumer is not null
    and not exists (select from jobs.consumer c where c.name = list_consumers.consumer) then
    perform jobs._raise_not_found('consumer', list_consumers.consumer);
  end if;
  return query
    select c.name, c.types, c.category, c.job_events, c.unknown_types, s.pos, l.behind,
      l.behind_for, s.at, case when s.until > _now then s.until end, s.failures, s.error,
      s.failed_pos, s.retry_at, w.why is not null, w.why
    from jobs.consumer c
    cross join lateral (
      select * from jobs.consumer_cursor a
      where a.consumer_id = c.id order by a.ver desc limit 1) as s
    cross join lateral (
      select jobs._pruned_pos(jobs._patterns(c.types), c.category, c.job_events) as pos) as p
    cross join lateral (
      select count(distinct r.pos) as behind, _now - min(r.at) as behind_for
      from jobs._read(s.pos, _upto, 10000, jobs._patterns(c.types), c.category,
        c.job_events) as r) as l
    cross join lateral (
      select case
        when greatest(s.pos, s.accepted_pos) < p.pos then
          format('its next events were pruned, up to %s: reset it', p.pos)
        when s.failures > 0 then format('failed %s times: %s', s.failures,
          coalesce(s.error ->> 'message', 'no error was given'))
        when l.behind > 0 and s.at < _now - stuck_for
            and l.behind_for > stuck_for then
          format('has not moved for %s', date_trunc('second', _now - s.at))
        end as why) as w
    where list_consumers.consumer is null or c.name = list_consumers.consumer
    order by c.name;
end $$;
