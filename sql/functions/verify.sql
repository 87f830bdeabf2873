-- Folds the log and compares it with the live tables, in one snapshot, and looks whether users'
-- streams are whole and keys have the jobs that wait for them. No row: they agree. It reads
-- everything; for tests, and for an operator who has a doubt. Nothing changes.
--   problem  what does not agree, job_id of which job (null: of no single one), detail both sides
create or replace function jobs.verify()
returns table (problem text, job_id bigint, detail text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with
  -- where the live tables have each job
  live as (
    select i.id, 'ready' as state, r.attempt, r.queue_id
    from jobs._all_ready r, unnest(r.ids) as i(id)
    union all
    select i.id, case s.run_at when 'infinity' then 'blocked' else 'scheduled' end, s.attempt,
      s.queue_id
    from jobs.scheduled s, unnest(s.ids) as i(id)
    union all
    select i.id, 'running', l.attempt, l.queue_id
    from jobs.lease l cross join lateral unnest(l.ids) with ordinality as i(id, slot)
    where l.unfinished & (1::bigint << (i.slot - 1)::int) <> 0),
  -- what the log says: the last transition of each job that decides its state
  last as (
    select distinct on (i.id) i.id, e.type, e.attempt, e.data[i.nth] as data
    from jobs.event e cross join lateral unnest(e.ids) with ordinality as i(id, nth)
    where e.type <> 'cancel_requested'
    order by i.id, e.pos desc),
  folded as (
    select j.id, j.queue_id, coalesce(l.attempt, 0) as attempt,
      case
        when l.type is null then jobs._waiting_state(j.options)
        when l.type in ('failed', 'snoozed', 'promoted', 'released', 'expired', 'retried',
          'blocked', 'replaced') then jobs._waiting_state(l.data)
        when l.type = 'claimed' then 'running' end as state   -- null: it has ended
    from jobs.job j left join last l on l.id = j.id),
  gates(gate, name) as (
    values ('o'::"char", 'ordering_key'), ('c'::"char", 'concurrency_key')),
  slots as (
    select p.queue_id, p.priority, p.ord, l.hard from (
      select r.queue_id, r.priority, min(r.ord) as ord from jobs.ready r group by 1, 2) as p
    cross join lateral (
      select a.hard[array_position(a.priorities, p.priority)] as hard from jobs.lane a
      where a.queue_id = p.queue_id order by a.ver desc limit 1) as l)
  select 'in two places', id, string_agg(state, ', ' order by state) from live
    group by id having count(*) > 1
  union all
  select 'lost: the log has it live', f.id, format('log: %s', f.state)
  from folded f left join live l on l.id = f.id where f.state is not null and l.id is null
  union all
  select 'live, but not in the log', l.id,
    format('table: %s, log: %s', l.state, coalesce(f.state, 'ended'))
  from live l left join folded f on f.id = l.id where f.id is null or f.state is null
  union all
  select 'states differ', l.id, format('table: %s, log: %s', l.state, f.state)
  from live l join folded f on f.id = l.id where f.state <> l.state
  union all
  select 'attempts differ', l.id, format('table: %s, log: %s', l.attempt, f.attempt)
  from live l join folded f on f.id = l.id where f.state is not null and f.attempt <> l.attempt
  union all
  select 'queues differ', l.id, format('table: %s, job: %s', l.queue_id, f.queue_id)
  from live l join folded f on f.id = l.id where f.queue_id <> l.queue_id
  union all
  select 'a claim without an open slot', null, l.claim::text from jobs.lease l
    where l.unfinished = 0
  union all
  select 'a ready block below its watermark', null,
    format('queue %s, priority %s, ord %s, hard %s', s.queue_id, s.priority, s.ord, s.hard)
  from slots s where s.ord < s.hard
  union all
  select 'a unique key of a job that has ended', u.job_id, u.key
  from jobs.unique_key u left join folded f on f.id = u.job_id
  where u.type = 'unique' and u.states is null and f.state is null
  union all
  select 'a live job without its unique key', j.id, j.options ->> 'unique_key'
  from jobs.job j join folded f on f.id = j.id
  where f.state is not null and j.options ? 'unique_key' and not j.options ? 'unique_options'
    and not exists (
      select from jobs.unique_key u
      where u.type = 'unique' and u.key = j.options ->> 'unique_key' and u.queue_id = j.queue_id
        and u.job_id = j.id)
  union all
  select 'in the line of a key, though it has ended', l.id,
    format('%s %s, state %s', g.name, l.key, l.state)
  from jobs.line l join gates g on g.gate = l.gate left join folded f on f.id = l.id
  where f.state is null
  union all
  select 'blocked by a key, but not in its line', f.id,
    format('%s %s', g.name, j.options ->> g.name)
  from folded f join last e on e.id = f.id join gates g on g.name = e.data ->> 'blocked'
  join jobs.job j on j.id = f.id
  where f.state = 'blocked' and not exists (
    select from jobs.line l
    where l.id = f.id and l.gate = g.gate and l.state = 'b' and l.queue_id = j.queue_id
      and l.key = j.options ->> g.name)
  union all
  select 'live, but not in the line of its ordering_key', j.id, j.options ->> 'ordering_key'
  from jobs.job j join folded f on f.id = j.id
  where f.state is not null and j.options ? 'ordering_key' and not exists (
    select from jobs.line l
    where l.id = j.id and l.gate = 'o' and l.queue_id = j.queue_id
      and l.key = j.options ->> 'ordering_key')
  union all
  select 'an idempotency key of no job', u.job_id, u.key
  from jobs.unique_key u
  where u.type = 'idempotency' and not exists (select from jobs.job j where j.id = u.job_id)
  union all
  select 'a stream with a gap', null,
    format('%s: %s events, versions %s to %s', e.stream, count(*), min(e.version), max(e.version))
  from jobs.stream_event e group by e.stream
  having max(e.version) - min(e.version) + 1 <> count(*)
  union all
  select 'a version before its predecessor', null, format('%s, version %s', o.stream, o.version)
  from (
    select e.*, lag(e.pos) over (partition by e.stream order by e.version) as previous
    from jobs.stream_event e) as o
  where o.pos < o.previous
  union all
  select w.problem, w.job_id, w.detail from jobs._verify_waits() as w;
$$;
