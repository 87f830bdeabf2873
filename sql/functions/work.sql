-- complete_many(completed, results) and claim(queues, worker, …) in one statement and one commit.
--   completed  tokens of jobs that have ended well, default none
--   results    their results, by the order of completed; default none
-- The other arguments are those of claim; max_jobs 0 claims nothing. Returns first a row for each
-- completed token whose status is not `completed` (its other columns are null; see complete_many),
-- then, with status `claimed`, the rows of claim. SQLSTATE JB002.
-- Locks: lease by claim, then as claim. Writes: as complete_many and claim.
create or replace function jobs.work(
  queues text[] default null, worker uuid default null, max_jobs int default 1,
  lease interval default null, kinds text[] default null, routing text[] default null,
  completed bigint[] default '{}', results jsonb[] default null)
returns table (
  status text, token bigint, id bigint, kind text, queue text, args jsonb, headers jsonb,
    attempt int,
  max_attempts int, priority int, timeout interval, created_at timestamptz, lease_ms int)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
as $$
#variable_conflict use_column
declare
  _one record;
  _lease jobs.lease;
  _facts record;
begin
  perform jobs._freshen(sweep => completed = '{}');
  if completed <> '{}' then
    return query
      select c.status, c.token, null::bigint, null, null, null::jsonb, null::jsonb, null::int,
        null::int, null::int, null::interval, null::timestamptz, null::int
      from jobs._complete(completed, results) as c;
  end if;
  if max_jobs = 0 then
    return;
  end if;
  if max_jobs = 1 and cardinality(queues) = 1 then
    _one := jobs._claim_single(queues[1], worker, lease, kinds, routing, false);
    if _one.token is not null then
      return query
        select 'claimed', _one.token, _one.id, _one.kind, queues[1], _one.args, _one.headers, 1,
          _one.max_attempts, _one.priority, _one.timeout, _one.created_at, _one.lease_ms;
      return;
    end if;
  end if;
  foreach _lease in array jobs._take(queues, worker, max_jobs, lease, kinds, routing, false) loop
    _facts := jobs._claim_facts(_lease);
    return query
      select 'claimed', (_lease.claim << 6) | (s.slot - 1), j.id,
        coalesce(_facts.kind,
          (select coalesce(k.alias_of, k.name) from jobs.kind k where k.id = j.kind_id)),
        _facts.queue, j.args, j.options -> 'headers', _lease.attempt::int,
        case
          when j.options ? 'max_attempts' then (j.options ->> 'max_attempts')::int
          when _facts.kind is not null then _facts.max_attempts
          else coalesce((select k.max_attempts from jobs.kind k where k.id = j.kind_id),
            _facts.max_attempts) end,
        _lease.priority::int, _facts.timeout, j.created_at, _lease.lease_ms
      from unnest(_lease.ids) with ordinality as s(id, slot)
      -- offset 0: a look-up per id, whatever the planner thinks of a table that was vacuumed empty
      cross join lateral (select * from jobs.job a where a.id = s.id offset 0) as j;
  end loop;
end $$;
